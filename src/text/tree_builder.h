// SPDX-License-Identifier: GPL-3.0-or-later
//
// Both parsers announce a document as events (map begins, key, scalar, list ends); this turns the
// events into a Value tree. It holds what JSON and YAML have in common: depth, size, the same key
// twice, and the place of every node.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/value.h"

namespace muster::text {

// After the first fault every call does nothing, so a parser may simply run to its end.
class TreeBuilder {
public:
    TreeBuilder(std::size_t max_depth, std::size_t max_nodes)
        : max_depth_(max_depth), max_nodes_(max_nodes) {}

    void begin_map(Location at);
    void begin_list(Location at);
    void key(std::string name, Location at);
    void scalar(Value value, Location at);
    // Adds a finished tree that keeps its own places (what an alias stands for).
    void subtree(Value value);
    // Ends the innermost map or list and returns it when somebody asked to see it (nullptr after a
    // fault). Valid until the next call.
    const Value* end();

    void fail(Location at, std::string_view message);
    bool failed() const { return error_.has_value(); }
    const std::optional<Error>& error() const { return error_; }
    // True when the next node of the innermost map is a key.
    bool wants_key() const;
    // Where the key stands whose value is announced next; nothing in a list.
    std::optional<Location> key_place() const;
    // The finished tree; null when nothing was announced.
    Value take() { return std::move(root_); }

private:
    struct Level {
        Value value;
        bool is_map = false;
        std::optional<std::string> key;
        Location key_location;
        std::unordered_set<std::string> keys;
    };
    void begin(Value empty, bool is_map, Location at);
    const Value* place(Value value);
    bool count(Location at, std::size_t nodes);

    std::size_t max_depth_;
    std::size_t max_nodes_;
    std::size_t nodes_ = 0;
    std::vector<Level> levels_;
    Value root_;
    std::optional<Error> error_;
};

std::size_t count_nodes(const Value& value);
std::size_t depth_of(const Value& value);

}  // namespace muster::text
