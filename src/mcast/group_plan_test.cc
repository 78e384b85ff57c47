// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/prng.h"
#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

constexpr std::uint32_t kMuchRoom = 4096;  // blocks

// Feeds the plan with groups of the shape it asks for, whose worst deficits are those of N members
// behind Gilbert channels: normal, with the variance such a channel gives.
class Plan : public testing::Test {
protected:
    struct Channel {
        double loss = 0;
        double mean_burst = 1;
        std::uint32_t members = 1000;
    };

    double worst_deficit(const Channel& channel, double symbols, std::uint32_t interleave) {
        const double p = channel.loss;
        const double heal = std::min(1 - p, 1 / channel.mean_burst);
        const double r = std::pow(1 - heal - p * heal / (1 - p), interleave);
        const double sigma = std::sqrt(symbols * p * (1 - p) * (1 + r) / (1 - r));
        double worst = 0;
        for (std::uint32_t i = 0; i < channel.members; ++i) {
            const double u = std::max(1e-12, prng_.uniform());
            const double deviate =
                std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * prng_.uniform());
            worst = std::max(worst, symbols * p + sigma * deviate);
        }
        return std::round(worst);
    }

    // One group after another; each is asked for soon after it was sent.
    GroupShape run(const Channel& channel, int groups, std::uint32_t room = kMuchRoom) {
        for (int i = 0; i < groups; ++i) {
            shape_ = plan_.choose(now_, channel.members, room);
            now_ += std::chrono::milliseconds(60);
            const GroupId group = layout_.group_of(BlockIndex(next_block_), shape_.blocks_log2);
            next_block_ = layout_.end_block(group).value;
            const double symbols = layout_.symbols_in_group(group);
            plan_.on_sources_sent(now_, group, shape_.interleave);
            const double deficit = worst_deficit(channel, symbols, shape_.interleave);
            // Groups of a batch share the bursts, so they miss about as much each.
            const double together = shape_.interleave;
            const double heard = datagrams_ + together * symbols;
            const double lost = channel.loss * datagrams_ + together * deficit;
            datagrams_ += symbols;
            if (deficit > 0) {
                plan_.on_deficit(group, deficit, lost / heard, static_cast<std::uint64_t>(heard));
            }
        }
        return shape_;
    }
    double length(const GroupShape& shape) const {
        return layout_.symbols_per_block() << shape.blocks_log2;
    }

    const Layout layout_ = Layout::create({20'000'000'000, 7'102'000, 90112, 1408, 6}).value();
    GroupPlan plan_{layout_};
    Prng prng_{1};
    TimePoint now_{std::chrono::seconds(1000)};
    std::uint32_t next_block_ = 79;
    double datagrams_ = 0;
    GroupShape shape_;
};

TEST_F(Plan, BeforeAnythingIsKnownGroupsAreLong) {
    EXPECT_EQ(plan_.choose(now_, 1000, kMuchRoom), (GroupShape{6, 1}));
}

TEST_F(Plan, WithoutLossTheShortestWillDo) { EXPECT_EQ(run({0, 1, 1000}, 10), (GroupShape{3, 1})); }

TEST_F(Plan, LittleLossNeedsNoLongGroups) {
    EXPECT_EQ(run({0.001, 1, 1000}, 40), (GroupShape{3, 1}));
}

TEST_F(Plan, MoreLossNeedsLongerGroups) {
    const GroupShape one = run({0.01, 1, 1000}, 40);
    EXPECT_GE(length(one), 512);
    EXPECT_LE(length(one), 2048);
    EXPECT_EQ(one.interleave, 1u);
}

TEST_F(Plan, MuchLossNeedsTheLongest) {
    EXPECT_EQ(run({0.10, 1, 1000}, 40), (GroupShape{6, 1}))
        << "interleaving would not help: the losses are independent";
}

TEST_F(Plan, OneMemberAloneNeedsOnlyShortGroupsWhateverItLoses) {
    EXPECT_LE(length(run({0.05, 1, 1}, 40)), 1024);
}

TEST_F(Plan, ALargeFleetNeedsLongerGroupsThanASmallOne) {
    const double small = length(run({0.02, 1, 4}, 40));
    const double large = length(run({0.02, 1, 10'000}, 40));
    EXPECT_GT(large, small);
}

TEST_F(Plan, BurstsAreSpreadOverInterleavedGroups) {
    const GroupShape bursty = run({0.05, 20, 1000}, 60);
    EXPECT_EQ(bursty.blocks_log2, 6);
    EXPECT_GE(bursty.interleave, 4u);
}

TEST_F(Plan, ShortBurstsNeedLessOfIt) {
    const GroupShape bursty = run({0.01, 5, 1000}, 60);
    EXPECT_EQ(bursty.blocks_log2, 6);
    EXPECT_LE(bursty.interleave, 4u);
}

TEST_F(Plan, ItKeepsWhatWorks) {
    const GroupShape settled = run({0.05, 20, 1000}, 60);
    int changes = 0;
    for (int i = 0; i < 100; ++i) {
        if (run({0.05, 20, 1000}, 1) != settled) ++changes;
    }
    EXPECT_LE(changes, 30);
}

TEST_F(Plan, MembersWithLittleRoomAreNotAskedForMore) {
    // Four groups of 64 blocks, and as many under repair.
    EXPECT_LE(run({0.05, 20, 1000}, 60, 512).interleave, 4u);
    EXPECT_EQ(run({0.05, 20, 1000}, 60, 192).interleave, 1u);
}

TEST_F(Plan, WhenTheLossEndsGroupsGetShortAgain) {
    run({0.05, 20, 1000}, 60);
    EXPECT_EQ(run({0, 1, 1000}, 30), (GroupShape{3, 1}));
}

TEST_F(Plan, OneOutageMovesNothing) {
    const GroupShape before = run({0.007, 1, 1000}, 40);
    now_ += std::chrono::milliseconds(60);
    const GroupId group = layout_.group_of(BlockIndex(next_block_), before.blocks_log2);
    plan_.on_sources_sent(now_, group, 1);
    plan_.on_deficit(group, layout_.symbols_in_group(group), 0.02, 1'000'000);
    now_ += std::chrono::seconds(1);
    EXPECT_EQ(plan_.choose(now_, 1000, kMuchRoom), before);
}

}  // namespace
}  // namespace muster::mcast
