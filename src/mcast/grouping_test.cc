// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/grouping.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using Heard = Grouping::Heard;

class GroupingTest : public testing::Test {
protected:
    // 1 block of manifest, 40 of image in stretches of 16: 1 to 16, 17 to 32, 33 to 40.
    const Layout layout_ = Layout::create({40 * 64, 40, 64, 16, 4}).value();
    Grouping grouping_{layout_};
};

TEST_F(GroupingTest, OnlyTheManifestIsKnownAtFirst) {
    EXPECT_EQ(grouping_.group_of(BlockIndex(0)), (GroupId{0, 4}));
    EXPECT_FALSE(grouping_.group_of(BlockIndex(1)).has_value());
}

TEST_F(GroupingTest, ASplitHoldsForItsStretchAndForGood) {
    EXPECT_EQ(grouping_.split(BlockIndex(6), 2), (GroupId{5, 2}));
    EXPECT_EQ(grouping_.group_of(BlockIndex(16)), (GroupId{13, 2}));
    EXPECT_FALSE(grouping_.group_of(BlockIndex(17)).has_value());
    EXPECT_EQ(grouping_.split(BlockIndex(1), 4), (GroupId{1, 2})) << "it is split already";
    EXPECT_EQ(grouping_.split(BlockIndex(33), 0), (GroupId{33, 1})) << "no shorter than a unit";
}

TEST_F(GroupingTest, WhatIsHeardFirstIsBelieved) {
    EXPECT_EQ(grouping_.hear({17, 3}), Heard::agrees);
    EXPECT_EQ(grouping_.group_of(BlockIndex(30)), (GroupId{25, 3}));
    EXPECT_EQ(grouping_.hear({25, 3}), Heard::agrees);
    EXPECT_EQ(grouping_.hear({0, 4}), Heard::agrees) << "the manifest's needs no telling";
}

TEST_F(GroupingTest, AFalseSplitTakesAsManyDatagramsAsTheTrueOne) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(grouping_.hear({17, 3}), Heard::agrees);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(grouping_.hear({17, 2}), Heard::differs);
    EXPECT_EQ(grouping_.group_of(BlockIndex(30)), (GroupId{25, 3}));
    EXPECT_EQ(grouping_.hear({17, 2}), Heard::replaces);
    EXPECT_EQ(grouping_.group_of(BlockIndex(30)), (GroupId{29, 2}));
}

TEST_F(GroupingTest, AFalseSplitThatCameFirstGivesWayAtOnce) {
    grouping_.hear({17, 2});
    EXPECT_EQ(grouping_.hear({17, 3}), Heard::replaces);
}

TEST_F(GroupingTest, TrustHasAnEnd) {
    for (int i = 0; i < 100'000; ++i) grouping_.hear({17, 2});
    int datagrams = 1;
    while (grouping_.hear({17, 3}) != Heard::replaces) ++datagrams;
    EXPECT_LE(datagrams, 32) << "so that a long attack is soon forgotten";
}

}  // namespace
}  // namespace muster::mcast
