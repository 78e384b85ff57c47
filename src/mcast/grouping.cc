// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/grouping.h"

namespace muster::mcast {

namespace {
constexpr std::uint8_t kMostTrust = 32;
}  // namespace

Grouping::Grouping(const Layout& layout) : layout_(layout), splits_(layout.stretch_count()) {}

std::optional<GroupId> Grouping::group_of(BlockIndex block) const {
    if (layout_.is_manifest(block)) return layout_.manifest_group_of(block);
    const Split& split = splits_[layout_.stretch_of(block).value];
    if (split.trust == 0) return std::nullopt;
    return layout_.group_of(block, split.blocks_log2);
}

GroupId Grouping::split(BlockIndex block, std::uint8_t blocks_log2) {
    Split& split = splits_[layout_.stretch_of(block).value];
    if (split.trust == 0) split = {layout_.group_of(block, blocks_log2).blocks_log2, kMostTrust};
    return layout_.group_of(block, split.blocks_log2);
}

Grouping::Heard Grouping::hear(GroupId group) {
    if (layout_.is_manifest(group)) return Heard::agrees;
    Split& split = splits_[layout_.stretch_of(layout_.first_block(group)).value];
    if (split.trust == 0 || split.blocks_log2 == group.blocks_log2) {
        split.blocks_log2 = group.blocks_log2;
        if (split.trust < kMostTrust) ++split.trust;
        return Heard::agrees;
    }
    if (--split.trust > 0) return Heard::differs;
    split = {group.blocks_log2, 1};
    return Heard::replaces;
}

}  // namespace muster::mcast
