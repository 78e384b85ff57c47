// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/set_aside.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

constexpr MemberNumber kMember{3};

SetAside with_all(std::uint32_t blocks) {
    SetAside aside;
    content::BlockSet wanted(blocks);
    wanted.set_range(0, blocks);
    aside.add(kMember, std::move(wanted));
    return aside;
}

TEST(SetAside, CrossesOutWhatIsReported) {
    SetAside aside = with_all(100);
    IntervalSet blocks = IntervalSet::range(10, 20);
    blocks.add(95, 1000);
    EXPECT_EQ(aside.on_verified(kMember, blocks), 15u);
    EXPECT_EQ(aside.missing(kMember), 85u);
    EXPECT_EQ(aside.on_verified(kMember, blocks), 0u);
    EXPECT_EQ(aside.on_verified(kMember, IntervalSet::range(5000, 6000)), 0u);
    const auto left = aside.take(kMember);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->test(9));
    EXPECT_FALSE(left->test(10));
    EXPECT_FALSE(left->test(99));
}

TEST(SetAside, WhoIsTakenOrRemovedIsNotThere) {
    SetAside aside = with_all(10);
    EXPECT_TRUE(aside.has(kMember));
    EXPECT_TRUE(aside.take(kMember));
    EXPECT_FALSE(aside.has(kMember));
    EXPECT_FALSE(aside.take(kMember));
    EXPECT_FALSE(aside.remove(kMember));
}

}  // namespace
}  // namespace muster::mcast
