// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who still wants what. One mechanism for the first pass, late join, resume and repair: a member
// is a set of blocks it has not verified; the union of these sets is what the carousel sends, and
// a block leaves it only when every member that wanted it has reported it.
//
// `served` remembers, per member and group, that the group's source symbols have been sent since
// the member began to listen. A served member that still wants a block misses only part of the
// group, so repair symbols are cheaper than sending the sources again; an unserved one (new, or it
// said that it got almost nothing) needs the sources.
//
// All is kept by unit, the shortest group, so that it holds for groups of any length and for
// stretches that are not split yet. Costs: one bit per member and block, one per member and unit,
// two counters per unit.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "content/block_set.h"
#include "mcast/control.h"
#include "mcast/layout.h"

namespace muster::mcast {

class WantMap {
public:
    explicit WantMap(const Layout& layout);

    // Adding a member that is there, or naming one that is not, is a CHECK.
    void add_member(MemberNumber member, content::BlockSet wanted);
    void remove_member(MemberNumber member);
    // As remove_member(); what it still wanted.
    content::BlockSet take_member(MemberNumber member);
    bool has_member(MemberNumber member) const { return members_.contains(member); }

    // Returns how many of these the member had wanted until now.
    std::uint32_t on_verified(MemberNumber member, const IntervalSet& blocks);
    // The member needs the group's sources (again): it is unserved there.
    void on_missed(MemberNumber member, GroupId group);
    // All sources that unserved members want of this group are being sent now.
    void mark_served(GroupId group);
    // What this member still wants of the group, repair rows will bring.
    void mark_served(MemberNumber member, GroupId group);

    bool wanted(GroupId group) const;
    bool has_unserved(GroupId group) const;
    bool wants(MemberNumber member, GroupId group) const;
    bool is_served(MemberNumber member, GroupId group) const;
    std::uint32_t missing(MemberNumber member) const;
    // Blocks of the group that an unserved member wants, ascending.
    std::vector<BlockIndex> unserved_blocks(GroupId group) const;
    // A block at or after the unit of `from` (circular) that begins a unit with an unserved member.
    std::optional<BlockIndex> next_unserved(BlockIndex from) const;

private:
    struct Member {
        content::BlockSet wanted;
        std::vector<bool> served;  // by unit
    };
    bool wants(const Member& member, UnitIndex unit) const;
    void unserve(Member& member, UnitIndex unit);
    void serve(Member& member, UnitIndex unit);
    void drop_want(const Member& member, UnitIndex unit);

    const Layout& layout_;
    std::unordered_map<MemberNumber, Member> members_;
    std::vector<std::uint32_t> wanting_;   // by unit: members that want something of it
    std::vector<std::uint32_t> unserved_;  // of those, the unserved
    std::uint64_t unserved_units_ = 0;
};

}  // namespace muster::mcast
