// SPDX-License-Identifier: GPL-3.0-or-later
//
// One tree for whatever people and programs write: YAML and JSON are both read into it (folder
// text), and every node remembers where it stood, so that an error can name line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace muster {

// Line and column start at 1; 0 means "made by a program, not read from text".
struct Location {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

template <typename V>
struct MemberOf {
    std::string key;
    V value;
    Location location;  // of the key
};

class Value {
public:
    using Member = MemberOf<Value>;
    using List = std::vector<Value>;
    using Map = std::vector<Member>;  // in the order written; keys are unique
    using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map>;

    Value() = default;
    Value(bool v) : data_(v) {}                    // NOLINT: implicit, so that literals read well
    Value(int v) : data_(std::int64_t{v}) {}       // NOLINT
    Value(unsigned v) : data_(std::int64_t{v}) {}  // NOLINT
    Value(std::int64_t v) : data_(v) {}            // NOLINT
    Value(std::uint64_t v) : data_(static_cast<std::int64_t>(v)) {}  // NOLINT
    Value(double v) : data_(v) {}                                    // NOLINT
    Value(const char* v) : data_(std::string(v)) {}                  // NOLINT
    Value(std::string_view v) : data_(std::string(v)) {}             // NOLINT
    Value(std::string v) : data_(std::move(v)) {}                    // NOLINT
    Value(List v) : data_(std::move(v)) {}                           // NOLINT
    static Value map();
    static Value list() { return Value(List{}); }

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    const bool* as_bool() const { return std::get_if<bool>(&data_); }
    const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
    const double* as_double() const { return std::get_if<double>(&data_); }
    const std::string* as_string() const { return std::get_if<std::string>(&data_); }
    const List* as_list() const { return std::get_if<List>(&data_); }
    const Map* as_map() const { return std::get_if<Map>(&data_); }
    List* as_list() { return std::get_if<List>(&data_); }
    const Data& data() const { return data_; }

    // The member of a map, or nullptr (also when this is no map).
    const Value* find(std::string_view key) const;
    // Sets or replaces a member; a null value becomes a map first. Returns *this to chain.
    Value& set(std::string_view key, Value value);
    // Appends to a list; a null value becomes a list first.
    Value& push(Value value);

    // Typed access for what must be there: Errc::invalid_argument "KEY: missing" or
    // "KEY: expected a string, got a list", with "line L, column C: " in front when known.
    Result<std::string> string_at(std::string_view key) const;
    Result<std::int64_t> int_at(std::string_view key) const;
    Result<bool> bool_at(std::string_view key) const;
    // The same, with a value for "not there".
    Result<std::string> string_or(std::string_view key, std::string_view fallback) const;
    Result<std::int64_t> int_or(std::string_view key, std::int64_t fallback) const;
    Result<double> number_or(std::string_view key, double fallback) const;
    Result<bool> bool_or(std::string_view key, bool fallback) const;
    // An error for the first member whose key is not in the list: unknown fields are mistakes.
    Status only_keys(std::initializer_list<std::string_view> allowed) const;

    Location location() const { return location_; }
    void set_location(Location location) { location_ = location; }
    // An error about this node, with its location in front when it has one.
    Error error(std::string_view message) const;
    std::string_view type_name() const;  // "a map", "a list", "a string", "a number", ...

private:
    explicit Value(Map v);
    Data data_;
    Location location_;
};

}  // namespace muster
