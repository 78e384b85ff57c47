// SPDX-License-Identifier: GPL-3.0-or-later
//
// nlohmann-json's event parser says what it read but not where. It reads through an iterator of
// ours that counts; and since only white space, ':' and ',' may stand between two tokens, the place
// of a token is found by skipping those from the end of the one before. The parser looks one
// character ahead only after a number, and that character is a delimiter, so the count is right.
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "text/json.h"
#include "text/places.h"
#include "text/tree_builder.h"

namespace muster::text {

namespace {

class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(std::string_view text, std::size_t offset, std::size_t* consumed)
        : text_(text), offset_(offset), consumed_(consumed) {}
    reference operator*() const { return text_[offset_]; }
    CountingIterator& operator++() {
        *consumed_ = ++offset_;
        return *this;
    }
    CountingIterator operator++(int) {
        auto before = *this;
        ++*this;
        return before;
    }
    bool operator==(const CountingIterator& other) const { return offset_ == other.offset_; }
    bool operator!=(const CountingIterator& other) const { return offset_ != other.offset_; }

private:
    std::string_view text_;
    std::size_t offset_;
    std::size_t* consumed_;
};

class Events : public nlohmann::json_sax<nlohmann::json> {
public:
    Events(std::string_view text, const std::size_t* consumed)
        : text_(text), consumed_(consumed), places_(text) {}

    bool null() override { return scalar(Value()); }
    bool boolean(bool value) override { return scalar(Value(value)); }
    bool number_integer(number_integer_t value) override { return scalar(Value(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<std::uint64_t>(INT64_MAX)) return too_large();
        return scalar(Value(value));
    }
    bool number_float(number_float_t value, const string_t& written) override {
        if (written.find_first_of(".eE") == std::string::npos) return too_large();
        return scalar(Value(value));
    }
    bool string(string_t& value) override { return scalar(Value(std::move(value))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override {
        tree.begin_map(token_place());
        return proceed();
    }
    bool start_array(std::size_t) override {
        tree.begin_list(token_place());
        return proceed();
    }
    bool key(string_t& name) override {
        tree.key(std::move(name), token_place());
        return proceed();
    }
    bool end_object() override { return end(); }
    bool end_array() override { return end(); }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& problem) override {
        const std::size_t offset = position == 0 ? 0 : position - 1;
        tree.fail(PlaceCounter(text_).at(offset), words_of(problem.what(), offset));
        return false;
    }

    TreeBuilder tree{kMaxDepth, SIZE_MAX};

private:
    bool scalar(Value value) {
        tree.scalar(std::move(value), token_place());
        return proceed();
    }
    bool end() {
        tree.end();
        return proceed();
    }
    bool too_large() {
        tree.fail(token_place(), "this whole number does not fit 64 bits");
        return false;
    }
    Location token_place() {
        std::size_t start = text_.find_first_not_of(" \t\r\n:,", token_end_);
        if (start == std::string_view::npos) start = text_.size();
        return places_.at(start);
    }
    bool proceed() {
        token_end_ = *consumed_;
        return !tree.failed();
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    std::string words_of(std::string_view what, std::size_t offset) const {
        if (offset >= text_.size()) return "the text ends in the middle of a value";
        for (std::string_view mark : {"syntax error while ", "number overflow"}) {
            if (auto at = what.find(mark); at != std::string_view::npos) {
                return "not JSON: " + std::string(what.substr(at));
            }
        }
        return "not JSON: " + std::string(what);
    }

    std::string_view text_;
    const std::size_t* consumed_;
    std::size_t token_end_ = 0;
    PlaceCounter places_;
};

}  // namespace

Result<Value> parse_json(std::string_view json) {
    if (json.starts_with("\xef\xbb\xbf")) json.remove_prefix(3);
    // The parser takes a NUL byte for the end of the text.
    if (auto nul = json.find('\0'); nul != std::string_view::npos) {
        Value at;
        at.set_location(PlaceCounter(json).at(nul));
        return at.error("not JSON: a NUL byte");
    }
    std::size_t consumed = 0;
    Events events(json, &consumed);
    try {
        const bool done = nlohmann::json::sax_parse(
            CountingIterator(json, 0, &consumed), CountingIterator(json, json.size(), &consumed),
            &events, nlohmann::json::input_format_t::json, /*strict=*/true);
        if (events.tree.failed()) return *events.tree.error();
        if (!done) return Error(Errc::invalid_argument, "not JSON");
        return events.tree.take();
    } catch (const std::exception& problem) {
        return Error(Errc::internal, std::string("reading JSON: ") + problem.what());
    }
}

}  // namespace muster::text
