// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/want_map.h"

#include "base/check.h"

namespace muster::mcast {

WantMap::WantMap(const Layout& layout)
    : layout_(layout), wanting_(layout.group_count(), 0), unserved_(layout.group_count(), 0) {}

void WantMap::add_member(MemberNumber number, content::BlockSet wanted) {
    CHECK(wanted.size() == layout_.block_count());
    Member member{std::move(wanted), std::vector<std::uint8_t>(layout_.group_count(), 0),
                  std::vector<bool>(layout_.group_count(), false)};
    for (auto at = member.wanted.first_set(0); at; at = member.wanted.first_set(*at + 1)) {
        ++member.wanted_in_group[layout_.group_of(BlockIndex(*at)).value];
        if (*at + 1 == layout_.block_count()) break;
    }
    for (std::uint32_t g = 0; g < layout_.group_count(); ++g) {
        if (member.wanted_in_group[g] == 0) continue;
        if (wanting_[g]++ == 0) ++wanted_groups_;
        if (unserved_[g]++ == 0) ++unserved_groups_;
    }
    const bool added = members_.emplace(number, std::move(member)).second;
    CHECK(added);
}

void WantMap::remove_member(MemberNumber number) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    for (std::uint32_t g = 0; g < layout_.group_count(); ++g) {
        drop_wants(it->second, GroupIndex(g), it->second.wanted_in_group[g]);
    }
    members_.erase(it);
}

void WantMap::drop_wants(Member& member, GroupIndex group, std::uint32_t count) {
    auto& left = member.wanted_in_group[group.value];
    if (count == 0) return;
    CHECK(count <= left);
    left = static_cast<std::uint8_t>(left - count);
    if (left > 0) return;
    if (--wanting_[group.value] == 0) --wanted_groups_;
    if (!member.served[group.value] && --unserved_[group.value] == 0) --unserved_groups_;
}

std::uint32_t WantMap::on_verified(MemberNumber number, const IntervalSet& blocks) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    Member& member = it->second;
    std::uint32_t dropped = 0;
    for (auto [begin, end] : blocks.runs()) {
        if (begin >= layout_.block_count()) break;
        auto at = member.wanted.first_set(static_cast<std::uint32_t>(begin));
        while (at && *at < end) {
            member.wanted.clear(*at);
            drop_wants(member, layout_.group_of(BlockIndex(*at)), 1);
            ++dropped;
            if (*at + 1 >= layout_.block_count()) break;
            at = member.wanted.first_set(*at + 1);
        }
    }
    return dropped;
}

void WantMap::on_missed(MemberNumber number, GroupIndex group) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    Member& member = it->second;
    if (!member.served[group.value]) return;
    member.served[group.value] = false;
    if (member.wanted_in_group[group.value] == 0) return;
    if (unserved_[group.value]++ == 0) ++unserved_groups_;
}

void WantMap::mark_served(GroupIndex group) {
    for (auto& [number, member] : members_) member.served[group.value] = true;
    if (unserved_[group.value] > 0) --unserved_groups_;
    unserved_[group.value] = 0;
}

void WantMap::mark_served(MemberNumber number, GroupIndex group) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    Member& member = it->second;
    if (member.served[group.value]) return;
    member.served[group.value] = true;
    if (member.wanted_in_group[group.value] == 0) return;
    if (--unserved_[group.value] == 0) --unserved_groups_;
}

bool WantMap::is_served(MemberNumber number, GroupIndex group) const {
    auto it = members_.find(number);
    return it != members_.end() && it->second.served[group.value];
}

bool WantMap::wants(MemberNumber number, GroupIndex group) const {
    auto it = members_.find(number);
    return it != members_.end() && it->second.wanted_in_group[group.value] > 0;
}

std::uint32_t WantMap::missing(MemberNumber number) const {
    auto it = members_.find(number);
    return it == members_.end() ? 0 : it->second.wanted.count();
}

std::vector<BlockIndex> WantMap::unserved_blocks(GroupIndex group) const {
    const std::uint32_t first = layout_.first_block(group).value;
    std::vector<bool> wanted(layout_.blocks_in_group(group), false);
    for (const auto& [number, member] : members_) {
        if (member.served[group.value] || member.wanted_in_group[group.value] == 0) continue;
        for (std::uint32_t i = 0; i < wanted.size(); ++i) {
            if (member.wanted.test(first + i)) wanted[i] = true;
        }
    }
    std::vector<BlockIndex> blocks;
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i]) blocks.emplace_back(first + i);
    }
    return blocks;
}

std::optional<GroupIndex> WantMap::next_unserved(GroupIndex from) const {
    if (unserved_groups_ == 0) return std::nullopt;
    const std::uint32_t count = layout_.group_count();
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t g = (from.value + i) % count;
        if (unserved_[g] > 0) return GroupIndex(g);
    }
    return std::nullopt;
}

}  // namespace muster::mcast
