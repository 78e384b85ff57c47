// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/tree_builder.h"

#include <algorithm>

#include "base/check.h"

namespace muster::text {

namespace {

// Value::set looks for the key first and does not know its place; a file of a hundred thousand keys
// would take minutes. The builder has looked already, in a hash set.
Value& append_member(Value& map, Value::Member member) {
    auto* members = const_cast<Value::Map*>(std::as_const(map).as_map());
    CHECK(members != nullptr);
    members->push_back(std::move(member));
    return members->back().value;
}

std::string first_place(const Value& map, const std::string& key) {
    for (const auto& member : *map.as_map()) {
        if (member.key == key) return "line " + std::to_string(member.location.line);
    }
    return "above";
}

}  // namespace

std::size_t count_nodes(const Value& value) {
    std::size_t nodes = 1;
    if (const auto* items = value.as_list()) {
        for (const auto& item : *items) nodes += count_nodes(item);
    } else if (const auto* members = value.as_map()) {
        for (const auto& member : *members) nodes += count_nodes(member.value);
    }
    return nodes;
}

std::size_t depth_of(const Value& value) {
    std::size_t deepest = 0;
    if (const auto* items = value.as_list()) {
        for (const auto& item : *items) deepest = std::max(deepest, depth_of(item));
    } else if (const auto* members = value.as_map()) {
        for (const auto& member : *members) deepest = std::max(deepest, depth_of(member.value));
    } else {
        return 0;
    }
    return deepest + 1;
}

void TreeBuilder::fail(Location at, std::string_view message) {
    if (error_) return;
    Value place;
    place.set_location(at);
    error_ = place.error(message);
    levels_.clear();
    root_ = {};
}

bool TreeBuilder::count(Location at, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= max_nodes_) return true;
    fail(at, "too large: more than " + std::to_string(max_nodes_) + " values");
    return false;
}

bool TreeBuilder::wants_key() const {
    return !levels_.empty() && levels_.back().is_map && !levels_.back().key;
}

std::optional<Location> TreeBuilder::key_place() const {
    if (levels_.empty() || !levels_.back().key) return std::nullopt;
    return levels_.back().key_location;
}

void TreeBuilder::begin(Value empty, bool is_map, Location at) {
    if (failed() || !count(at, 1)) return;
    if (levels_.size() >= max_depth_) {
        fail(at, "nested deeper than " + std::to_string(max_depth_) + " levels");
        return;
    }
    empty.set_location(at);
    Level level;
    level.value = std::move(empty);
    level.is_map = is_map;
    levels_.push_back(std::move(level));
}

void TreeBuilder::begin_map(Location at) { begin(Value::map(), true, at); }
void TreeBuilder::begin_list(Location at) { begin(Value::list(), false, at); }

void TreeBuilder::key(std::string name, Location at) {
    if (failed()) return;
    CHECK(wants_key());
    Level& level = levels_.back();
    if (!level.keys.insert(name).second) {
        fail(at,
             name + ": this key is there twice (first on " + first_place(level.value, name) + ")");
        return;
    }
    level.key = std::move(name);
    level.key_location = at;
}

const Value* TreeBuilder::place(Value value) {
    if (levels_.empty()) {
        root_ = std::move(value);
        return &root_;
    }
    Level& level = levels_.back();
    if (!level.is_map) {
        level.value.push(std::move(value));
        return &level.value.as_list()->back();
    }
    CHECK(level.key.has_value());
    Value& placed =
        append_member(level.value, {std::move(*level.key), std::move(value), level.key_location});
    level.key.reset();
    return &placed;
}

void TreeBuilder::scalar(Value value, Location at) {
    if (failed() || !count(at, 1)) return;
    value.set_location(at);
    place(std::move(value));
}

void TreeBuilder::subtree(Value value) {
    if (failed() || !count(value.location(), count_nodes(value))) return;
    if (levels_.size() + depth_of(value) > max_depth_) {
        fail(value.location(), "nested deeper than " + std::to_string(max_depth_) + " levels");
        return;
    }
    place(std::move(value));
}

const Value* TreeBuilder::end() {
    if (failed()) return nullptr;
    CHECK(!levels_.empty());
    Value finished = std::move(levels_.back().value);
    levels_.pop_back();
    return place(std::move(finished));
}

}  // namespace muster::text
