// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/queue_delay.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A sender whose clock differs by anything, and runs faster or slower.
struct Way {
    QueueDelay delay;
    std::uint64_t offset_us = 0;
    double skew = 0;
    TimePoint begin{seconds(5000)};

    void stamp(Duration at, Duration queue) {
        const double us = to_seconds(at) * 1e6 * (1 + skew);
        const auto sent_us = static_cast<std::uint64_t>(static_cast<std::int64_t>(us));
        delay.on_stamp(begin + at + queue + microseconds(300), offset_us + sent_us);
    }
};

TEST(QueueDelay, IsWhatIsAboveTheLeastWhateverTheClocksSay) {
    for (const std::uint64_t offset_us : {0ULL, 1ULL << 40, ~0ULL - 3'000'000}) {
        Way way;
        way.offset_us = offset_us;
        way.stamp(milliseconds(0), milliseconds(0));
        EXPECT_EQ(way.delay.take(), Duration{});
        way.stamp(milliseconds(100), milliseconds(20));
        EXPECT_EQ(way.delay.take(), milliseconds(20));
        way.stamp(milliseconds(200), milliseconds(5));
        EXPECT_EQ(way.delay.take(), milliseconds(5));
    }
}

TEST(QueueDelay, OneLateStampOfAnIntervalDoesNotCount) {
    Way way;
    way.stamp(milliseconds(0), milliseconds(0));
    (void)way.delay.take();
    way.stamp(milliseconds(20), milliseconds(30));
    way.stamp(milliseconds(40), milliseconds(1));
    way.stamp(milliseconds(60), milliseconds(40));
    EXPECT_EQ(way.delay.take(), milliseconds(1));
}

TEST(QueueDelay, StaysAsItWasWhileNoStampComes) {
    Way way;
    way.stamp(milliseconds(0), milliseconds(0));
    (void)way.delay.take();
    way.stamp(milliseconds(20), milliseconds(7));
    EXPECT_EQ(way.delay.take(), milliseconds(7));
    EXPECT_EQ(way.delay.take(), milliseconds(7));
}

TEST(QueueDelay, RemembersTheEmptyWayWhileAQueueStandsForAMinute) {
    Way way;
    way.stamp(seconds(0), milliseconds(0));
    (void)way.delay.take();
    for (int s = 1; s <= 60; ++s) {
        way.stamp(seconds(s), milliseconds(20));
        EXPECT_GE(way.delay.take(), milliseconds(14)) << s;
    }
}

TEST(QueueDelay, ForgetsTheShortestWayAfterTwoMinutes) {
    Way way;
    way.stamp(seconds(0), milliseconds(0));
    for (int s = 1; s < 200; ++s) way.stamp(seconds(s), milliseconds(500));
    (void)way.delay.take();
    way.stamp(seconds(200), milliseconds(500));
    EXPECT_EQ(way.delay.take(), milliseconds(0));
}

TEST(QueueDelay, ClocksThatDriftApartFalsifyItByAMillisecondAtMost) {
    for (const double skew : {1e-4, -1e-4}) {
        Way way;
        way.skew = skew;
        for (int i = 0; i < 180 * 50; ++i) {
            way.stamp(milliseconds(20 * i), Duration{});
            EXPECT_LE(way.delay.take(), milliseconds(1) + microseconds(10)) << i;
        }
    }
}

TEST(QueueDelay, FalseStampsAreCutOff) {
    QueueDelay delay;
    delay.on_stamp(TimePoint(seconds(1)), 1'000'000);
    delay.on_stamp(TimePoint(seconds(1)), ~0ULL / 2);
    EXPECT_LE(delay.take(), seconds(3600));
    delay.on_stamp(TimePoint(seconds(2)), 0);
    EXPECT_LE(delay.take(), seconds(3600));
}

}  // namespace
}  // namespace muster::mcast
