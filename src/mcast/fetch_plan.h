// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which blocks a receiver takes by unicast, and in which order: the manifest, because nothing can
// be verified without it; single blocks that were asked for by name; then what the carousel would
// bring last, backwards from where it is, so that multicast and unicast meet and none brings what
// the other has brought. Groups that multicast has nearly completed come at the very end.
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "content/block_set.h"
#include "mcast/layout.h"

namespace muster::mcast {

struct BlockRun {
    BlockIndex first;
    std::uint32_t count = 0;
    bool operator==(const BlockRun&) const = default;
};

class FetchPlan {
public:
    explicit FetchPlan(const Layout& layout) : layout_(layout), under_way_(layout.block_count()) {}

    // What the receiver has, where the carousel was seen last, and which blocks lie in a group
    // that is nearly whole.
    struct View {
        const content::BlockSet& verified;
        BlockIndex cursor;
        std::function<bool(BlockIndex)> is_nearly_whole;
    };
    // The next blocks to take, consecutive and of one object; they are under way until on_ended().
    // The manifest is always taken as a whole. Nothing when nothing is missing that is not under
    // way.
    std::optional<BlockRun> next(const View& view, std::uint32_t max_blocks);
    // Only what was asked for by name: for a receiver that multicast reaches.
    std::optional<BlockRun> next_named(const View& view, std::uint32_t max_blocks);
    void on_ended(BlockIndex block) { under_way_.clear(block.value); }
    // Before all others of the image. A block of the manifest stands for all of it, and comes
    // first.
    void name(BlockIndex block) {
        layout_.is_manifest(block) ? named_.push_front(block) : named_.push_back(block);
    }
    bool idle() const { return under_way_.none(); }

private:
    bool knows_manifest(const View& view) const;
    bool is_wanted(const View& view, std::uint32_t block) const {
        return !view.verified.test(block) && !under_way_.test(block);
    }
    std::optional<BlockRun> before(const View& view, std::uint32_t begin, std::uint32_t end,
                                   std::uint32_t max_blocks, bool nearly_whole_too) const;
    BlockRun begin(BlockRun run);

    const Layout layout_;
    content::BlockSet under_way_;
    std::deque<BlockIndex> named_;
};

}  // namespace muster::mcast
