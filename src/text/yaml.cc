// SPDX-License-Identifier: GPL-3.0-or-later
//
// yaml-cpp's event interface gives every node its mark, anchors as numbers, and tags that tell a
// plain scalar ("?") from a quoted one ("!"). Its Node interface would be shorter to use, but it
// merges duplicate keys silently and lets a list contain itself.
#include "text/yaml.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "text/core_schema.h"
#include "text/json.h"
#include "text/places.h"
#include "text/tree_builder.h"

namespace muster::text {

namespace {

// yaml-cpp lets a quoted scalar end with the text when a line break stands before the end.
// Properties
// (&anchor, !tag) may stand between the mark and the quote.
bool quote_is_closed(std::string_view rest) {
    while (rest.starts_with('&') || rest.starts_with('!')) {
        rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    if (!rest.starts_with('\'') && !rest.starts_with('"')) return true;
    const char quote = rest[0];
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '\\' && quote == '"') {
            ++i;
        } else if (rest[i] == quote) {
            if (quote == '"' || i + 1 >= rest.size() || rest[i + 1] != quote) return true;
            ++i;
        }
    }
    return false;
}

class Events : public YAML::EventHandler {
public:
    explicit Events(std::string_view yaml) : yaml_(yaml), places_(yaml) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1)
            tree.fail(place_of(mark), "a second document begins here, expected one");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (tree.wants_key()) {
            tree.fail(place_of(mark), "a value without a key");
            return;
        }
        // "key:" with nothing behind it: the mark is that of the next token, lines below perhaps.
        if (anchor != 0) remember(anchor, Value());
        tree.scalar(Value(), tree.key_place().value_or(place_of(mark)));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (tree.failed()) return;
        auto known = anchored_.find(anchor);
        if (known == anchored_.end()) {
            tree.fail(place_of(mark), "this alias stands inside what it names");
        } else if (tree.wants_key()) {
            tree.fail(place_of(mark), "an alias cannot be a key");
        } else {
            tree.subtree(known->second);
        }
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        if (tree.failed()) return;
        if (tag == "!" && !quote_is_closed(text_at(mark))) {
            tree.fail(place_of(mark), "not YAML: this quote is never closed");
            return;
        }
        if (tree.wants_key()) {
            tree.key(text, place_of(mark));
            return;
        }
        if (tag == "!" || tag == "tag:yaml.org,2002:str") {
            scalar(Value(text), mark, anchor);
        } else if (tag == "?" || tag.empty()) {
            auto typed = core_schema_value(text);
            if (!typed.ok()) {
                tree.fail(place_of(mark), typed.error().message());
                return;
            }
            scalar(std::move(typed).value(), mark, anchor);
        } else {
            tree.fail(place_of(mark), "the tag " + tag + " is not supported");
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        if (begins(mark, tag, anchor, "list")) tree.begin_list(place_of(mark));
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        if (begins(mark, tag, anchor, "map")) tree.begin_map(place_of(mark));
    }
    void OnMapEnd() override { end(); }

    TreeBuilder tree{kMaxDepth, kMaxYamlNodes};

    Location place_of(const YAML::Mark& mark) const {
        if (mark.is_null()) return {};
        return places_.at(static_cast<std::size_t>(mark.line),
                          static_cast<std::size_t>(mark.column));
    }

private:
    std::string_view text_at(const YAML::Mark& mark) const {
        const auto offset = places_.offset(static_cast<std::size_t>(mark.line),
                                           static_cast<std::size_t>(mark.column));
        return yaml_.substr(std::min(offset, yaml_.size()));
    }
    bool begins(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                std::string_view what) {
        if (tree.failed()) return false;
        if (tree.wants_key()) {
            tree.fail(place_of(mark), "a " + std::string(what) + " cannot be a key");
            return false;
        }
        if (tag != "?" && tag != "!" && !tag.empty()) {
            tree.fail(place_of(mark), "the tag " + tag + " is not supported");
            return false;
        }
        open_anchors_.push_back(anchor);
        return true;
    }
    void end() {
        const Value* finished = tree.end();
        if (finished == nullptr) return;
        remember(open_anchors_.back(), *finished);
        open_anchors_.pop_back();
    }
    void scalar(Value value, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) {
            value.set_location(place_of(mark));
            remember(anchor, value);
        }
        tree.scalar(std::move(value), place_of(mark));
    }
    // Copies count against the limit too: nested anchors would hold every level once more.
    void remember(YAML::anchor_t anchor, const Value& value) {
        if (anchor == 0) return;
        anchored_nodes_ += count_nodes(value);
        if (anchored_nodes_ > kMaxYamlNodes) {
            tree.fail(value.location(), "too much under anchors: more than " +
                                            std::to_string(kMaxYamlNodes) + " values");
            return;
        }
        anchored_[anchor] = value;
    }

    std::string_view yaml_;
    MarkPlaces places_;
    std::map<YAML::anchor_t, Value> anchored_;
    std::size_t anchored_nodes_ = 0;
    std::vector<YAML::anchor_t> open_anchors_;
    int documents_ = 0;
};

// yaml-cpp guesses UTF-16 and UTF-32, and takes broken UTF-8 and NUL bytes as they come.
Status check_readable(std::string_view yaml) {
    const std::size_t fault = first_unreadable_byte(yaml);
    if (fault == yaml.size()) return {};
    Value at;
    at.set_location(PlaceCounter(yaml).at(fault));
    return at.error("not text in UTF-8");
}

Result<Value> parse(std::string_view yaml) {
    if (yaml.starts_with("\xef\xbb\xbf")) yaml.remove_prefix(3);
    TRY(check_readable(yaml));
    Events events(yaml);
    try {
        std::istringstream stream{std::string(yaml)};
        YAML::Parser parser(stream);
        while (!events.tree.failed() && parser.HandleNextDocument(events)) {
        }
    } catch (const YAML::DeepRecursion& problem) {
        events.tree.fail(events.place_of(problem.mark),
                         "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    } catch (const YAML::Exception& problem) {
        events.tree.fail(events.place_of(problem.mark), "not YAML: " + problem.msg);
    } catch (const std::exception& problem) {
        return Error(Errc::internal, std::string("reading YAML: ") + problem.what());
    }
    if (events.tree.failed()) return *events.tree.error();
    return events.tree.take();
}

}  // namespace

Result<Value> parse_yaml(std::string_view yaml, std::string_view file_name) {
    auto tree = parse(yaml);
    if (tree.ok() || file_name.empty()) return tree;
    return tree.error().context(file_name);
}

}  // namespace muster::text
