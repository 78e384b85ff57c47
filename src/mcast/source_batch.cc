// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/source_batch.h"

#include <algorithm>

#include "base/check.h"

namespace muster::mcast {

void SourceBatch::add(GroupId group, std::vector<BlockIndex> blocks) {
    CHECK(!blocks.empty());
    passes_.push_back({group, std::move(blocks)});
}

bool SourceBatch::contains(GroupId group) const {
    return std::any_of(passes_.begin(), passes_.end(),
                       [&](const Pass& pass) { return pass.group == group; });
}

SourceBatch::Symbol SourceBatch::take() {
    CHECK(!passes_.empty());
    turn_ %= passes_.size();
    Pass& pass = passes_[turn_];
    const BlockIndex block = pass.blocks[pass.block];
    Symbol taken{pass.group, layout_.wire_symbol(block, pass.symbol)};
    if (++pass.symbol == layout_.symbols_in_block(block)) {
        pass.symbol = 0;
        ++pass.block;
    }
    taken.last_of_group = pass.block == pass.blocks.size();
    if (taken.last_of_group) {
        passes_.erase(passes_.begin() + static_cast<std::ptrdiff_t>(turn_));
    } else {
        ++turn_;
    }
    return taken;
}

}  // namespace muster::mcast
