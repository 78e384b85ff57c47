// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/value.h"

#include <algorithm>

#include "base/check.h"

namespace muster {

Value::Value(Map v) : data_(std::move(v)) {}

Value Value::map() { return Value(Map{}); }

const Value* Value::find(std::string_view key) const {
    const Map* members = as_map();
    if (members == nullptr) return nullptr;
    for (const auto& member : *members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

Value& Value::set(std::string_view key, Value value) {
    if (is_null()) data_ = Map{};
    Map* members = std::get_if<Map>(&data_);
    CHECK(members != nullptr);
    for (auto& member : *members) {
        if (member.key == key) {
            member.value = std::move(value);
            return *this;
        }
    }
    members->push_back({std::string(key), std::move(value), {}});
    return *this;
}

Value& Value::push(Value value) {
    if (is_null()) data_ = List{};
    List* items = as_list();
    CHECK(items != nullptr);
    items->push_back(std::move(value));
    return *this;
}

std::string_view Value::type_name() const {
    constexpr std::string_view kNames[] = {
        "nothing", "true or false", "a whole number", "a number", "a string", "a list", "a map"};
    return kNames[data_.index()];
}

Error Value::error(std::string_view message) const {
    std::string where;
    if (location_.line != 0) {
        where = "line " + std::to_string(location_.line) + ", column " +
                std::to_string(location_.column) + ": ";
    }
    return {Errc::invalid_argument, where + std::string(message)};
}

namespace {

template <typename T>
Result<T> typed(const Value& parent, std::string_view key, std::string_view expected,
                const T* (Value::*access)() const) {
    const Value* child = parent.find(key);
    if (child == nullptr)
        return parent.error(std::string(key) + ": missing, expected " + std::string(expected));
    const T* value = (child->*access)();
    if (value == nullptr) {
        return child->error(std::string(key) + ": expected " + std::string(expected) + ", got " +
                            std::string(child->type_name()));
    }
    return *value;
}

}  // namespace

Result<std::string> Value::string_at(std::string_view key) const {
    return typed<std::string>(*this, key, "a string", &Value::as_string);
}
Result<std::int64_t> Value::int_at(std::string_view key) const {
    return typed<std::int64_t>(*this, key, "a whole number", &Value::as_int);
}
Result<bool> Value::bool_at(std::string_view key) const {
    return typed<bool>(*this, key, "true or false", &Value::as_bool);
}
Result<std::string> Value::string_or(std::string_view key, std::string_view fallback) const {
    if (find(key) == nullptr) return std::string(fallback);
    return string_at(key);
}
Result<std::int64_t> Value::int_or(std::string_view key, std::int64_t fallback) const {
    if (find(key) == nullptr) return fallback;
    return int_at(key);
}
Result<double> Value::number_or(std::string_view key, double fallback) const {
    const Value* child = find(key);
    if (child == nullptr) return fallback;
    if (const auto* whole = child->as_int()) return static_cast<double>(*whole);
    if (const auto* real = child->as_double()) return *real;
    return child->error(std::string(key) + ": expected a number, got " +
                        std::string(child->type_name()));
}
Result<bool> Value::bool_or(std::string_view key, bool fallback) const {
    if (find(key) == nullptr) return fallback;
    return bool_at(key);
}

Status Value::only_keys(std::initializer_list<std::string_view> allowed) const {
    const Map* members = as_map();
    if (members == nullptr) return error("expected a map, got " + std::string(type_name()));
    for (const auto& member : *members) {
        if (std::find(allowed.begin(), allowed.end(), member.key) != allowed.end()) continue;
        std::string names;
        for (auto name : allowed) names += (names.empty() ? "" : ", ") + std::string(name);
        Value at;
        at.set_location(member.location);
        return at.error(member.key + ": unknown key (known here: " + names + ")");
    }
    return {};
}

}  // namespace muster
