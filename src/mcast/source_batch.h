// SPDX-License-Identifier: GPL-3.0-or-later
//
// The groups whose source symbols are being sent now: one, or several in turn, symbol by symbol.
// A burst of losses hits each of several interleaved groups only a little, as if it were shorter.
#pragma once

#include <cstdint>
#include <vector>

#include "mcast/layout.h"

namespace muster::mcast {

class SourceBatch {
public:
    explicit SourceBatch(const Layout& layout) : layout_(layout) {}

    // `blocks` of the group, at least one.
    void add(GroupId group, std::vector<BlockIndex> blocks);
    bool empty() const { return passes_.empty(); }
    std::size_t size() const { return passes_.size(); }
    bool contains(GroupId group) const;

    struct Symbol {
        GroupId group;
        std::uint32_t wire_symbol = 0;
        bool last_of_group = false;
    };
    // Not when empty.
    Symbol take();

private:
    struct Pass {
        GroupId group;
        std::vector<BlockIndex> blocks;
        std::size_t block = 0;
        std::uint32_t symbol = 0;
    };
    const Layout& layout_;
    std::vector<Pass> passes_;
    std::size_t turn_ = 0;
};

}  // namespace muster::mcast
