// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/want_map.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/prng.h"
#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

Layout small_layout() { return Layout::create({20 * 64, 3 * 64 - 5, 64, 16, 2}).value(); }

content::BlockSet all_blocks(const Layout& layout) {
    content::BlockSet set(layout.block_count());
    set.set_range(0, layout.block_count());
    return set;
}

// All groups when every stretch of the image is split into groups of this length.
std::vector<GroupId> split(const Layout& layout, std::uint8_t blocks_log2) {
    std::vector<GroupId> groups;
    for (BlockIndex b(0); b.value < layout.block_count(); b = layout.end_block(groups.back())) {
        groups.push_back(layout.group_of(b, blocks_log2));
    }
    return groups;
}

// The same by brute force: sets of blocks, and of groups that were served.
class Model {
public:
    Model(const Layout& layout, std::uint8_t blocks_log2)
        : groups(split(layout, blocks_log2)), layout_(layout) {}
    const std::vector<GroupId> groups;
    struct Member {
        std::set<std::uint32_t> wanted;
        std::set<std::uint32_t> served;
    };
    std::map<std::uint32_t, Member> members;

    std::set<std::uint32_t> wanted_in(const Member& member, std::uint32_t group) const {
        std::set<std::uint32_t> blocks;
        for (const std::uint32_t b : member.wanted) {
            const bool inside = b >= groups[group].start_block;
            if (inside && b < layout_.end_block(groups[group]).value) blocks.insert(b);
        }
        return blocks;
    }
    std::set<std::uint32_t> unserved_blocks(std::uint32_t group) const {
        std::set<std::uint32_t> blocks;
        for (const auto& [number, member] : members) {
            if (!member.served.contains(group)) blocks.merge(wanted_in(member, group));
        }
        return blocks;
    }
    bool wanted(std::uint32_t group) const {
        for (const auto& [number, member] : members) {
            if (!wanted_in(member, group).empty()) return true;
        }
        return false;
    }

private:
    const Layout& layout_;
};

void expect_equal(const Layout& layout, const WantMap& map, const Model& model) {
    std::set<std::uint32_t> unserved;
    for (std::uint32_t g = 0; g < model.groups.size(); ++g) {
        ASSERT_EQ(map.wanted(model.groups[g]), model.wanted(g)) << g;
        std::set<std::uint32_t> blocks;
        for (const BlockIndex b : map.unserved_blocks(model.groups[g])) blocks.insert(b.value);
        ASSERT_EQ(blocks, model.unserved_blocks(g)) << g;
        ASSERT_EQ(map.has_unserved(model.groups[g]), !blocks.empty()) << g;
        if (!blocks.empty()) unserved.insert(g);
        for (const auto& [number, member] : model.members) {
            ASSERT_EQ(map.wants(MemberNumber(number), model.groups[g]),
                      !model.wanted_in(member, g).empty());
        }
    }
    for (std::uint32_t from = 0; from < model.groups.size(); ++from) {
        auto expected = unserved.lower_bound(from);
        if (expected == unserved.end()) expected = unserved.begin();
        const auto next = map.next_unserved(layout.first_block(model.groups[from]));
        ASSERT_EQ(next.has_value(), !unserved.empty());
        if (next) {
            const GroupId group = model.groups[*expected];
            ASSERT_EQ(layout.group_of(*next, group.blocks_log2), group);
        }
    }
    for (const auto& [number, member] : model.members) {
        ASSERT_EQ(map.missing(MemberNumber(number)), member.wanted.size());
    }
}

void random_step(Prng& prng, const Layout& layout, WantMap& map, Model& model,
                 std::uint32_t& next_number) {
    const auto group = static_cast<std::uint32_t>(prng.below(model.groups.size()));
    const auto kind = prng.below(7);
    if (kind == 0 || model.members.empty()) {
        content::BlockSet wanted(layout.block_count());
        Model::Member member;
        const bool everything = prng.chance(0.3);
        for (std::uint32_t b = 0; b < layout.block_count(); ++b) {
            if (!everything && !prng.chance(0.4)) continue;
            wanted.set(b);
            member.wanted.insert(b);
        }
        map.add_member(MemberNumber(next_number), std::move(wanted));
        model.members.emplace(next_number++, std::move(member));
        return;
    }
    auto it = model.members.begin();
    std::advance(it, prng.below(model.members.size()));
    const MemberNumber number(it->first);
    if (kind == 1 && model.members.size() > 5) {
        map.remove_member(number);
        model.members.erase(it);
    } else if (kind == 2) {
        map.on_missed(number, model.groups[group]);
        it->second.served.erase(group);
    } else if (kind == 3) {
        map.mark_served(model.groups[group]);
        for (auto& [n, member] : model.members) member.served.insert(group);
    } else if (kind == 4) {
        map.mark_served(number, model.groups[group]);
        it->second.served.insert(group);
    } else {
        IntervalSet verified;  // also beyond the end: a member may say anything
        std::uint32_t dropped = 0;
        for (int i = 0; i < 6; ++i) {
            const auto b = static_cast<std::uint32_t>(prng.below(layout.block_count() + 4));
            verified.add(b);
            dropped += static_cast<std::uint32_t>(it->second.wanted.erase(b));
        }
        ASSERT_EQ(map.on_verified(number, verified), dropped);
    }
}

TEST(WantMap, BehavesAsSetsOfBlocksForAnyHistory) {
    const Layout layout = small_layout();
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Prng prng(seed);
        WantMap map(layout);
        Model model(layout, static_cast<std::uint8_t>(seed % 3));
        std::uint32_t next_number = 1;
        for (int step = 0; step < 120; ++step) {
            random_step(prng, layout, map, model, next_number);
            expect_equal(layout, map, model);
            if (HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
        }
    }
}

TEST(WantMap, AServedMemberThatMissesTheGroupIsUnservedAgain) {
    const Layout layout = small_layout();
    WantMap map(layout);
    map.add_member(MemberNumber(1), all_blocks(layout));
    map.mark_served(nth_group(layout, 2));
    EXPECT_FALSE(map.has_unserved(nth_group(layout, 2)));
    EXPECT_TRUE(map.wanted(nth_group(layout, 2)));
    EXPECT_TRUE(map.is_served(MemberNumber(1), nth_group(layout, 2)));
    map.on_missed(MemberNumber(1), nth_group(layout, 2));
    EXPECT_TRUE(map.has_unserved(nth_group(layout, 2)));
    EXPECT_FALSE(map.is_served(MemberNumber(1), nth_group(layout, 2)));
}

TEST(WantMap, ALateMemberNeedsOnlyWhatItDoesNotHave) {
    const Layout layout = small_layout();
    WantMap map(layout);
    map.add_member(MemberNumber(1), all_blocks(layout));
    for (std::uint32_t g = 0; g < layout.stretch_count(); ++g) {
        map.mark_served(nth_group(layout, g));
    }
    content::BlockSet few(layout.block_count());
    few.set(7);
    map.add_member(MemberNumber(2), std::move(few));
    const GroupId group = layout.group_of(BlockIndex(7), 2);
    EXPECT_EQ(map.next_unserved(BlockIndex(0)), BlockIndex(7));
    EXPECT_EQ(map.unserved_blocks(group), std::vector<BlockIndex>{BlockIndex(7)});
}

}  // namespace
}  // namespace muster::mcast
