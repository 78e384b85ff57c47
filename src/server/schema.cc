// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/schema.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/check.h"
#include "server/formats.h"
#include "site/names.h"
#include "text/json.h"

namespace muster::server {

namespace {

const Value* member(const Value& schema, std::string_view key) { return schema.find(key); }

std::string shown(const Value& value) {
    const auto* text = value.as_string();
    return text == nullptr ? site::printable(text::to_json(value))
                           : "'" + site::printable(*text) + "'";
}

class Walk {
public:
    explicit Walk(const Value& root) : root_(root) {}

    void check(const Value& document, const Value& raw_schema, const std::string& pointer,
               const std::string& path) {
        const Value& schema = resolved(raw_schema, root_);
        if (!fits_type(document, schema)) {
            return fault(
                pointer, path,
                "expected " + expected_type(schema) + ", got " + std::string(document.type_name()));
        }
        if (document.is_null()) return;
        check_enum(document, schema, pointer, path);
        if (const auto* text = document.as_string()) check_text(*text, schema, pointer, path);
        if (document.as_int() != nullptr || document.as_double() != nullptr) {
            check_number(document, schema, pointer, path);
        }
        if (document.as_list() != nullptr) check_list(document, schema, pointer, path);
        if (document.as_map() != nullptr) check_map(document, schema, pointer, path);
    }

    std::vector<Fault> faults;

private:
    void fault(const std::string& pointer, const std::string& path, const std::string& words) {
        faults.push_back({pointer, (path.empty() ? "body" : path) + ": " + words});
    }

    static bool is_of(const Value& value, std::string_view type) {
        if (type == "null") return value.is_null();
        if (type == "boolean") return value.as_bool() != nullptr;
        if (type == "integer") return value.as_int() != nullptr;
        if (type == "number") return value.as_int() != nullptr || value.as_double() != nullptr;
        if (type == "string") return value.as_string() != nullptr;
        if (type == "array") return value.as_list() != nullptr;
        return type == "object" && value.as_map() != nullptr;
    }

    static bool fits_type(const Value& value, const Value& schema) {
        const Value* type = member(schema, "type");
        if (type == nullptr) return true;
        if (const auto* one = type->as_string()) return is_of(value, *one);
        const auto& list = *type->as_list();
        return std::any_of(list.begin(), list.end(),
                           [&](const Value& each) { return is_of(value, *each.as_string()); });
    }

    static std::string words_for(std::string_view type) {
        if (type == "integer") return "a whole number";
        if (type == "boolean") return "true or false";
        if (type == "array") return "a list";
        if (type == "object") return "a map";
        if (type == "null") return "null";
        return "a " + std::string(type);
    }

    static std::string expected_type(const Value& schema) {
        const Value* type = member(schema, "type");
        if (const auto* one = type->as_string()) return words_for(*one);
        std::string text;
        for (const auto& each : *type->as_list()) {
            text += (text.empty() ? "" : " or ") + words_for(*each.as_string());
        }
        return text;
    }

    void check_enum(const Value& value, const Value& schema, const std::string& pointer,
                    const std::string& path) {
        const Value* allowed = member(schema, "enum");
        if (allowed == nullptr) return;
        const std::string text = text::to_json(value);
        std::string known;
        for (const auto& each : *allowed->as_list()) {
            if (text::to_json(each) == text) return;
            known += (known.empty() ? "" : ", ");
            known += each.as_string() != nullptr ? *each.as_string() : text::to_json(each);
        }
        fault(pointer, path, shown(value) + " is not one of " + known);
    }

    void check_text(const std::string& text, const Value& schema, const std::string& pointer,
                    const std::string& path) {
        const auto characters = static_cast<std::int64_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
        if (const Value* least = member(schema, "minLength");
            least && characters < *least->as_int()) {
            fault(pointer, path, text.empty() ? "may not be empty" : "is too short");
        }
        if (const Value* most = member(schema, "maxLength"); most && characters > *most->as_int()) {
            fault(pointer, path,
                  "is too long: " + std::to_string(characters) + " characters, at most " +
                      std::to_string(*most->as_int()));
        }
        const Value* format = member(schema, "format");
        if (format == nullptr) return;
        Status fits = check_format(*format->as_string(), text);
        if (!fits.ok()) fault(pointer, path, fits.error().message());
    }

    void check_number(const Value& value, const Value& schema, const std::string& pointer,
                      const std::string& path) {
        const auto number = [](const Value& one) {
            return one.as_int() != nullptr ? static_cast<double>(*one.as_int()) : *one.as_double();
        };
        const Value* least = member(schema, "minimum");
        const Value* most = member(schema, "maximum");
        const bool below = least != nullptr && number(value) < number(*least);
        const bool above = most != nullptr && number(value) > number(*most);
        if (!below && !above) return;
        std::string range = "at least " + (least ? text::to_json(*least) : std::string());
        if (least && most) range = text::to_json(*least) + " to " + text::to_json(*most);
        if (!least) range = "at most " + text::to_json(*most);
        fault(pointer, path, shown(value) + " is not allowed: " + range);
    }

    void check_list(const Value& document, const Value& schema, const std::string& pointer,
                    const std::string& path) {
        const auto& list = *document.as_list();
        const auto count = static_cast<std::int64_t>(list.size());
        if (const Value* least = member(schema, "minItems"); least && count < *least->as_int()) {
            fault(pointer, path, "needs at least " + std::to_string(*least->as_int()) + " items");
        }
        if (const Value* most = member(schema, "maxItems"); most && count > *most->as_int()) {
            fault(pointer, path,
                  "has " + std::to_string(count) + " items, at most " +
                      std::to_string(*most->as_int()));
        }
        std::set<std::string> seen;
        const Value* unique = member(schema, "uniqueItems");
        const Value* items = member(schema, "items");
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string place = std::to_string(i);
            if (items != nullptr) {
                check(list[i], *items, pointer + "/" + place, path + "[" + place + "]");
            }
            if (unique != nullptr && !seen.insert(text::to_json(list[i])).second) {
                fault(pointer + "/" + place, path + "[" + place + "]",
                      shown(list[i]) + " is there twice");
            }
        }
    }

    static std::string escaped(std::string_view key) {
        std::string text;
        for (char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        return text;
    }

    void check_map(const Value& document, const Value& schema, const std::string& pointer,
                   const std::string& path) {
        const Value* properties = member(schema, "properties");
        const Value* others = member(schema, "additionalProperties");
        const std::string prefix = path.empty() ? "" : path + ".";
        for (const auto& [key, value, location] : *document.as_map()) {
            const Value* known = properties == nullptr ? nullptr : properties->find(key);
            if (known == nullptr && others != nullptr && others->as_map() != nullptr)
                known = others;
            const std::string place = pointer + "/" + escaped(key);
            if (known != nullptr) {
                check(value, *known, place, prefix + site::printable(key));
            } else if (others == nullptr || others->as_bool() == nullptr || !*others->as_bool()) {
                fault(place, prefix + site::printable(key),
                      "no such field" + known_keys(properties));
            }
        }
        if (const Value* most = member(schema, "maxProperties");
            most && static_cast<std::int64_t>(document.as_map()->size()) > *most->as_int()) {
            fault(pointer, path, "has too many members, at most " + text::to_json(*most));
        }
        const Value* required = member(schema, "required");
        if (required == nullptr) return;
        for (const auto& key : *required->as_list()) {
            if (document.find(*key.as_string()) != nullptr) continue;
            fault(pointer + "/" + *key.as_string(), prefix + *key.as_string(), "missing");
        }
    }

    static std::string known_keys(const Value* properties) {
        std::string known;
        if (properties != nullptr) {
            for (const auto& each : *properties->as_map()) {
                known += (known.empty() ? " (known: " : ", ") + each.key;
            }
        }
        return known.empty() ? " (none is known here)" : known + ")";
    }

    const Value& root_;
};

}  // namespace

const Value& resolved(const Value& schema, const Value& root) {
    const Value* reference = schema.find("$ref");
    if (reference == nullptr) return schema;
    std::string_view path = *reference->as_string();
    CHECK(path.starts_with("#/"));
    path.remove_prefix(2);
    const Value* node = &root;
    while (!path.empty()) {
        const auto end = path.find('/');
        node = node->find(path.substr(0, end));
        CHECK(node != nullptr);
        path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    }
    return resolved(*node, root);
}

std::vector<Fault> faults_of(const Value& document, const Value& schema, const Value& root) {
    Walk walk(root);
    walk.check(document, schema, "", "");
    return std::move(walk.faults);
}

const Value* default_of(const Value& schema, const Value& root) {
    const Value* own = schema.find("default");
    return own != nullptr ? own : resolved(schema, root).find("default");
}

Value with_defaults(const Value& document, const Value& raw_schema, const Value& root) {
    const Value& schema = resolved(raw_schema, root);
    const Value* properties = schema.find("properties");
    if (document.as_map() == nullptr || properties == nullptr) return document;
    Value complete = document;
    for (const auto& [key, sub, location] : *properties->as_map()) {
        if (const Value* given = document.find(key)) {
            complete.set(key, with_defaults(*given, sub, root));
        } else if (const Value* fallback = default_of(sub, root)) {
            complete.set(key, *fallback);
        }
    }
    return complete;
}

Value typed_parameter(const std::string& text, const Value& raw_schema, const Value& root) {
    const Value* type = resolved(raw_schema, root).find("type");
    const std::string* name = type == nullptr ? nullptr : type->as_string();
    if (name != nullptr && *name == "integer") {
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem == std::errc() && end == text.data() + text.size()) return number;
    }
    if (name != nullptr && *name == "boolean" && (text == "true" || text == "false")) {
        return text == "true";
    }
    return text;
}

}  // namespace muster::server
