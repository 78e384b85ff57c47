// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/want_map.h"

#include "base/check.h"

namespace muster::mcast {

WantMap::WantMap(const Layout& layout)
    : layout_(layout), wanting_(layout.unit_count(), 0), unserved_(layout.unit_count(), 0) {}

void WantMap::add_member(MemberNumber number, content::BlockSet wanted) {
    CHECK(wanted.size() == layout_.block_count());
    Member member{std::move(wanted), std::vector<bool>(layout_.unit_count(), false)};
    for (UnitIndex unit(0); unit.value < layout_.unit_count(); ++unit) {
        if (!wants(member, unit)) continue;
        ++wanting_[unit.value];
        if (unserved_[unit.value]++ == 0) ++unserved_units_;
    }
    const bool added = members_.emplace(number, std::move(member)).second;
    CHECK(added);
}

void WantMap::remove_member(MemberNumber number) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    for (auto at = it->second.wanted.first_set(0); at;) {
        const UnitIndex unit = layout_.unit_of(BlockIndex(*at));
        drop_want(it->second, unit);
        at = it->second.wanted.first_set(layout_.end_block(unit).value);
    }
    members_.erase(it);
}

bool WantMap::wants(const Member& member, UnitIndex unit) const {
    const BlockIndex end = layout_.end_block(unit);
    for (BlockIndex block = layout_.first_block(unit); block < end; ++block) {
        if (member.wanted.test(block.value)) return true;
    }
    return false;
}

void WantMap::drop_want(const Member& member, UnitIndex unit) {
    CHECK(wanting_[unit.value] > 0);
    --wanting_[unit.value];
    if (!member.served[unit.value] && --unserved_[unit.value] == 0) --unserved_units_;
}

content::BlockSet WantMap::take_member(MemberNumber number) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    content::BlockSet wanted = it->second.wanted;
    remove_member(number);
    return wanted;
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
            const UnitIndex unit = layout_.unit_of(BlockIndex(*at));
            if (!wants(member, unit)) drop_want(member, unit);
            ++dropped;
            at = member.wanted.first_set(*at + 1);
        }
    }
    return dropped;
}

void WantMap::unserve(Member& member, UnitIndex unit) {
    if (!member.served[unit.value]) return;
    member.served[unit.value] = false;
    if (wants(member, unit) && unserved_[unit.value]++ == 0) ++unserved_units_;
}

void WantMap::serve(Member& member, UnitIndex unit) {
    if (member.served[unit.value]) return;
    member.served[unit.value] = true;
    if (wants(member, unit) && --unserved_[unit.value] == 0) --unserved_units_;
}

void WantMap::on_missed(MemberNumber number, GroupId group) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        unserve(it->second, u);
    }
}

void WantMap::mark_served(GroupId group) {
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        for (auto& [number, member] : members_) member.served[u.value] = true;
        if (unserved_[u.value] > 0) --unserved_units_;
        unserved_[u.value] = 0;
    }
}

void WantMap::mark_served(MemberNumber number, GroupId group) {
    auto it = members_.find(number);
    CHECK(it != members_.end());
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        serve(it->second, u);
    }
}

bool WantMap::wanted(GroupId group) const {
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        if (wanting_[u.value] > 0) return true;
    }
    return false;
}

bool WantMap::has_unserved(GroupId group) const {
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        if (unserved_[u.value] > 0) return true;
    }
    return false;
}

// Units of a group are served together; those it no longer wants do not matter.
bool WantMap::is_served(MemberNumber number, GroupId group) const {
    auto it = members_.find(number);
    return it != members_.end() &&
           it->second.served[layout_.unit_of(layout_.first_block(group)).value];
}

bool WantMap::wants(MemberNumber number, GroupId group) const {
    auto it = members_.find(number);
    if (it == members_.end()) return false;
    const UnitIndex end = layout_.end_unit(group);
    for (UnitIndex u = layout_.unit_of(layout_.first_block(group)); u < end; ++u) {
        if (wants(it->second, u)) return true;
    }
    return false;
}

std::uint32_t WantMap::missing(MemberNumber number) const {
    auto it = members_.find(number);
    return it == members_.end() ? 0 : it->second.wanted.count();
}

std::vector<BlockIndex> WantMap::unserved_blocks(GroupId group) const {
    std::vector<bool> wanted(layout_.blocks_in_group(group), false);
    for (const auto& [number, member] : members_) {
        if (is_served(number, group)) continue;
        for (std::uint32_t i = 0; i < wanted.size(); ++i) {
            if (member.wanted.test(group.start_block + i)) wanted[i] = true;
        }
    }
    std::vector<BlockIndex> blocks;
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i]) blocks.emplace_back(group.start_block + i);
    }
    return blocks;
}

std::optional<BlockIndex> WantMap::next_unserved(BlockIndex from) const {
    if (unserved_units_ == 0) return std::nullopt;
    const std::uint32_t count = layout_.unit_count();
    const std::uint32_t first = layout_.unit_of(from).value;
    for (std::uint32_t i = 0; i < count; ++i) {
        const UnitIndex unit((first + i) % count);
        if (unserved_[unit.value] > 0) return layout_.first_block(unit);
    }
    return std::nullopt;
}

}  // namespace muster::mcast
