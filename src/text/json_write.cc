// SPDX-License-Identifier: GPL-3.0-or-later
//
// The tree's own shape is written here; strings and numbers by nlohmann-json, which knows escapes
// and the shortest digits that read back as the same double.
#include <nlohmann/json.hpp>

#include "text/json.h"

namespace muster::text {

namespace {

class Writer {
public:
    explicit Writer(bool pretty) : pretty_(pretty) {}

    void write(const Value& value) {
        if (const auto* members = value.as_map()) {
            write_map(*members);
        } else if (const auto* items = value.as_list()) {
            write_list(*items);
        } else if (const auto* text = value.as_string()) {
            write_string(*text);
        } else if (const auto* real = value.as_double()) {
            out += nlohmann::json(*real).dump();
        } else if (const auto* whole = value.as_int()) {
            out += std::to_string(*whole);
        } else if (const auto* flag = value.as_bool()) {
            out += *flag ? "true" : "false";
        } else {
            out += "null";
        }
    }

    std::string out;

private:
    void write_string(const std::string& text) {
        out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    void write_map(const Value::Map& members) {
        bool first = true;
        out += '{';
        ++depth_;
        for (const auto& member : members) {
            separate(first);
            write_string(member.key);
            out += pretty_ ? ": " : ":";
            write(member.value);
        }
        close('}', first);
    }
    void write_list(const Value::List& items) {
        bool first = true;
        out += '[';
        ++depth_;
        for (const auto& item : items) {
            separate(first);
            write(item);
        }
        close(']', first);
    }
    void separate(bool& first) {
        if (!first) out += ',';
        first = false;
        break_line();
    }
    void close(char bracket, bool empty) {
        --depth_;
        if (!empty) break_line();
        out += bracket;
    }
    void break_line() {
        if (pretty_) out.append("\n").append(2 * depth_, ' ');
    }

    bool pretty_;
    std::size_t depth_ = 0;
};

}  // namespace

std::string to_json(const Value& value) {
    Writer writer(false);
    writer.write(value);
    return std::move(writer.out);
}

std::string to_json_pretty(const Value& value) {
    Writer writer(true);
    writer.write(value);
    return std::move(writer.out) + "\n";
}

}  // namespace muster::text
