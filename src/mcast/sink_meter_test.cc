// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/sink_meter.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kBlock = 90112;

TEST(SinkMeter, RateIsWhatIsStoredWhileThereIsWork) {
    SinkMeter meter;
    TimePoint now{seconds(1)};
    // A block takes 2 ms and one comes every 10 ms: 360 Mbit/s, though only 72 arrive.
    for (int i = 0; i < 500; ++i) {
        meter.advance(now);
        meter.on_ordered(kBlock);
        meter.advance(now + milliseconds(2));
        meter.on_answered(kBlock, kBlock);
        now += milliseconds(10);
    }
    EXPECT_NEAR(static_cast<double>(meter.bits_per_second()), 8.0 * kBlock / 0.002, 1e7);
}

TEST(SinkMeter, SaysNothingBeforeItHasWorked) {
    SinkMeter meter;
    meter.advance(TimePoint(seconds(1)));
    meter.advance(TimePoint(seconds(9)));
    EXPECT_EQ(meter.bits_per_second(), 0u);
}

TEST(SinkMeter, FollowsASinkThatHasBecomeSlower) {
    SinkMeter meter;
    TimePoint now{seconds(1)};
    const auto work = [&](Duration each, int blocks) {
        for (int i = 0; i < blocks; ++i) {
            meter.advance(now);
            meter.on_ordered(kBlock);
            now += each;
            meter.advance(now);
            meter.on_answered(kBlock, kBlock);
        }
    };
    work(milliseconds(1), 5000);
    work(milliseconds(10), 300);
    EXPECT_NEAR(static_cast<double>(meter.bits_per_second()), 8.0 * kBlock / 0.010, 1e7);
}

TEST(SinkMeter, BacklogThatPassesDoesNotStand) {
    SinkMeter meter;
    TimePoint now{seconds(1)};
    meter.advance(now);
    meter.on_ordered(20 * kBlock);  // a group to decode
    EXPECT_EQ(meter.take_least_backlog(), 0u);
    EXPECT_EQ(meter.take_least_backlog(), 20 * kBlock);  // still there: it stands
    meter.advance(now + milliseconds(5));
    meter.on_answered(20 * kBlock, 0);
    meter.on_ordered(3 * kBlock);
    EXPECT_EQ(meter.take_least_backlog(), 0u);
    EXPECT_EQ(meter.take_least_backlog(), 3 * kBlock);
}

}  // namespace
}  // namespace muster::mcast
