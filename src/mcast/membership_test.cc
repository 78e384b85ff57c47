// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/membership.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow{seconds(100)};

TEST(Membership, CountsTheLiveAndTheActive) {
    Membership members;
    const auto a = members.add(kNow, "a", 5, 0);
    const auto b = members.add(kNow, "b", 5, 0);
    EXPECT_EQ(members.live_count(), 2u);
    members.set_state(a, MemberState::deferred, "asks a lot", kNow);
    EXPECT_EQ(members.live_count(), 2u);
    EXPECT_EQ(members.active_count(), 1u);
    members.set_state(b, MemberState::verified, "", kNow + seconds(1));
    EXPECT_EQ(members.live_count(), 1u);
    EXPECT_EQ(members.active_count(), 0u);
    EXPECT_EQ(members.find(b)->finished_at, kNow + seconds(1));
    EXPECT_EQ(members.find(a)->failure, "asks a lot");
    EXPECT_EQ(members.find(MemberNumber(99)), nullptr);
}

TEST(Membership, KnowsTheLiveMemberOfAName) {
    Membership members;
    const auto first = members.add(kNow, "a", 5, 0);
    EXPECT_EQ(members.live_member_named("a"), first);
    members.set_state(first, MemberState::lost, "silent", kNow);
    EXPECT_FALSE(members.live_member_named("a").has_value());
    const auto second = members.add(kNow, "a", 5, 0);
    EXPECT_NE(first, second) << "a number is never used twice";
    EXPECT_EQ(members.live_member_named("a"), second);
}

TEST(Membership, FindsTheSilent) {
    Membership members;
    const auto a = members.add(kNow, "a", 5, 0);
    const auto b = members.add(kNow, "b", 5, 0);
    EXPECT_EQ(members.next_silence(seconds(10)), kNow + seconds(10));
    members.find(b)->last_heard = kNow + seconds(4);
    EXPECT_EQ(members.silent(kNow + seconds(9), seconds(10)).size(), 0u);
    EXPECT_EQ(members.silent(kNow + seconds(10), seconds(10)), std::vector<MemberNumber>{a});
    members.set_state(a, MemberState::lost, "", kNow);
    EXPECT_EQ(members.next_silence(seconds(10)), kNow + seconds(14));
}

TEST(Membership, ALossOfUpToAThirdIsNotExcessive) {
    Member member;
    member.symbols_sent_before = 1000;
    const std::uint32_t group = 2048;
    for (const std::uint64_t source : {100'000ULL, 10'000'000ULL}) {
        member.symbols_caused = source / 2;  // what a loss of one third causes
        EXPECT_FALSE(Membership::is_excessive(member, 1000 + source + source / 2, group));
        member.symbols_caused = source / 2 + 2 * group + 1;
        EXPECT_TRUE(Membership::is_excessive(member, 1000 + source + member.symbols_caused, group));
    }
}

TEST(Membership, TwoGroupsAreAllowedInAnyCase) {
    Member member;
    member.symbols_caused = 4096;
    EXPECT_FALSE(Membership::is_excessive(member, 4096, 2048));
    member.symbols_caused = 4097;
    EXPECT_TRUE(Membership::is_excessive(member, 4097, 2048));
}

}  // namespace
}  // namespace muster::mcast
