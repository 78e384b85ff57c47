// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/member_reception.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kClockUs = 1'000'000'000;

TimePoint at(Duration since) { return TimePoint(seconds(1000)) + since; }

// After so long: `per_second` datagrams of 1486 bytes, a share of which was lost in runs of two.
FeedbackPacket said(Duration since, double per_second, double loss) {
    const double sent = per_second * to_seconds(since);
    FeedbackPacket feedback;
    feedback.member = 1;
    feedback.echoed_us = kClockUs + static_cast<std::uint64_t>(since.count() / 1000);
    feedback.lost = static_cast<std::uint64_t>(sent * loss);
    feedback.received = static_cast<std::uint64_t>(sent) - feedback.lost;
    feedback.loss_runs = feedback.lost / 2;
    feedback.highest_seen = static_cast<std::uint64_t>(sent);
    feedback.received_wire_bytes = feedback.received * 1486;
    return feedback;
}

TEST(MemberReception, LossAndRateAreThoseOfTheLastIntervals) {
    MemberReception member;
    EXPECT_TRUE(member.empty());
    EXPECT_FALSE(member.on_feedback(at(seconds(1)), said(seconds(1), 10'000, 0)));
    for (int i = 11; i < 30; ++i) {
        const Duration now = milliseconds(100 * i);
        const auto interval = member.on_feedback(at(now), said(now, 10'000, 0.05));
        ASSERT_TRUE(interval);
        if (i == 11) continue;  // in this one the loss of a whole second appears
        EXPECT_NEAR(interval->loss(), 0.05, 0.002);
        EXPECT_NEAR(interval->mean_burst(), 2, 0.1);
        EXPECT_NEAR(interval->delivered_bits_per_second(), 9500 * 1486 * 8, 1e6);
    }
    EXPECT_NEAR(member.loss(), 0.05, 0.001);
    EXPECT_NEAR(member.delivered_bits_per_second(), 9500 * 1486 * 8, 1e6);
}

TEST(MemberReception, ALostFeedbackMakesTheIntervalLonger) {
    MemberReception member;
    (void)member.on_feedback(at(milliseconds(100)), said(milliseconds(100), 10'000, 0));
    const auto interval =
        member.on_feedback(at(milliseconds(300)), said(milliseconds(300), 10'000, 0));
    ASSERT_TRUE(interval);
    EXPECT_EQ(interval->length, milliseconds(200));
    EXPECT_EQ(interval->received, 2000u);
    EXPECT_EQ(interval->first_number, 1001u);
    EXPECT_EQ(interval->last_number, 3000u);
}

TEST(MemberReception, ALateFeedbackChangesNothing) {
    MemberReception member;
    (void)member.on_feedback(at(milliseconds(100)), said(milliseconds(100), 10'000, 0));
    (void)member.on_feedback(at(milliseconds(300)), said(milliseconds(300), 10'000, 0));
    EXPECT_FALSE(member.on_feedback(at(milliseconds(310)), said(milliseconds(200), 10'000, 0.1)));
    EXPECT_EQ(member.latest().received, 3000u);
    EXPECT_EQ(member.loss(), 0);
}

TEST(MemberReception, TheWayOfTheUplinkDoesNotCount) {
    MemberReception member;
    (void)member.on_feedback(at(milliseconds(100)), said(milliseconds(100), 10'000, 0));
    // The second was held up for 40 ms on its way back.
    const auto interval =
        member.on_feedback(at(milliseconds(240)), said(milliseconds(200), 10'000, 0));
    ASSERT_TRUE(interval);
    EXPECT_EQ(interval->length, milliseconds(100));
}

TEST(MemberReception, RoundTripIsWithoutTheTimeItWasHeld) {
    MemberReception member;
    FeedbackPacket feedback;
    feedback.echoed_us =
        static_cast<std::uint64_t>(at(seconds(2)).time_since_epoch().count()) / 1000;
    feedback.held_us = 15'000;
    (void)member.on_feedback(at(seconds(2) + milliseconds(18)), feedback);
    EXPECT_EQ(member.round_trip(), milliseconds(3));
    feedback.echoed_us = ~0ULL;  // false
    (void)member.on_feedback(at(seconds(3)), feedback);
    EXPECT_EQ(member.round_trip(), Duration{});
}

TEST(MemberReception, FalseCountersDoNoHarm) {
    MemberReception member;
    FeedbackPacket feedback;
    (void)member.on_feedback(at(seconds(1)), feedback);
    feedback.received = feedback.lost = feedback.loss_runs = feedback.received_wire_bytes = ~0ULL;
    feedback.local_drops = feedback.queue_delay_us = feedback.backlog_kib = feedback.sink_kbps =
        ~0u;
    const auto interval = member.on_feedback(at(seconds(2)), feedback);
    ASSERT_TRUE(interval);
    EXPECT_LE(interval->loss(), 1);
    for (int i = 3; i < 20; ++i) (void)member.on_feedback(at(seconds(i)), feedback);
    EXPECT_LE(member.loss(), 1);
    EXPECT_GE(member.delivered_bits_per_second(), 0);
}

}  // namespace
}  // namespace muster::mcast
