// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/pacer.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/prng.h"

namespace muster::mcast {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Remembers all that was sent and knows the most bytes of any window of 10 ms.
class Recorder {
public:
    void sent(TimePoint at, std::size_t bytes) {
        while (!window_.empty() && window_.front().first + Pacer::kWindow <= at) {
            in_window_ -= window_.front().second;
            window_.pop_front();
        }
        window_.emplace_back(at, bytes);
        in_window_ += bytes;
        total_ += bytes;
        most_ = std::max(most_, in_window_);
    }
    std::uint64_t most_bytes_in_window() const { return most_; }
    std::uint64_t total_bytes() const { return total_; }

private:
    std::deque<std::pair<TimePoint, std::size_t>> window_;
    std::uint64_t in_window_ = 0;
    std::uint64_t most_ = 0;
    std::uint64_t total_ = 0;
};

TEST(Pacer, WithoutARateEverythingMayLeaveAtOnce) {
    Pacer pacer(0);
    const TimePoint now{seconds(5)};
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(pacer.earliest(now, 1500), now);
        pacer.on_sent(now, 1500);
    }
}

TEST(Pacer, NoWindowEverCarriesMoreThanTheRate) {
    Prng prng(1);
    for (int run = 0; run < 40; ++run) {
        const std::uint64_t rate = 2'000'000 + prng.below(2'000'000'000);
        Pacer pacer(rate);
        Recorder recorder;
        TimePoint now{seconds(100)};
        for (int i = 0; i < 20'000; ++i) {
            const std::size_t bytes = 60 + prng.below(1450);
            const TimePoint earliest = pacer.earliest(now, bytes);
            ASSERT_GE(earliest, now);
            now = earliest;
            // Sometimes whoever polls is late, or there is nothing to send for a while.
            if (prng.chance(0.01)) now += microseconds(prng.below(30'000));
            ASSERT_EQ(pacer.earliest(now, bytes), now) << "later is never too early";
            pacer.on_sent(now, bytes);
            recorder.sent(now, bytes);
        }
        EXPECT_LE(recorder.most_bytes_in_window(), rate / 800) << "rate " << rate;
    }
}

TEST(Pacer, DatagramsLeaveInRunsOfHalfAMillisecond) {
    for (const std::uint64_t rate : {200'000'000ULL, 1'000'000'000ULL, 10'000'000'000ULL}) {
        Pacer pacer(rate);
        TimePoint now{seconds(100)};
        std::uint64_t runs = 0;
        std::uint64_t bytes = 0;
        while (now < TimePoint{seconds(101)}) {
            const TimePoint next = pacer.earliest(now, 1486);
            runs += next > now;
            now = next;
            pacer.on_sent(now, 1486);
            bytes += 1486;
        }
        const std::uint64_t run_bytes = std::min<std::uint64_t>(32 * 1024, rate / 8 / 2000);
        EXPECT_GE(bytes / runs, run_bytes * 4 / 5) << "rate " << rate;
        EXPECT_LE(bytes / runs, run_bytes * 5 / 4) << "rate " << rate;
    }
}

TEST(Pacer, TheRateIsReachedWithinOnePercentWhenPolledEagerly) {
    for (const std::uint64_t rate : {200'000'000ULL, 1'000'000'000ULL, 10'000'000'000ULL}) {
        Pacer pacer(rate);
        Recorder recorder;
        const TimePoint start{seconds(100)};
        TimePoint now = start;
        while (now < start + milliseconds(500)) {
            now = pacer.earliest(now, 1494);
            pacer.on_sent(now, 1494);
            recorder.sent(now, 1494);
        }
        const double sent = static_cast<double>(recorder.total_bytes()) * 8 / 0.5;
        EXPECT_GT(sent, 0.99 * static_cast<double>(rate));
        EXPECT_LT(sent, 1.01 * static_cast<double>(rate));
    }
}

TEST(Pacer, AWakeUpThreeMillisecondsLateIsCaughtUp) {
    const std::uint64_t rate = 150'000'000;
    Pacer pacer(rate);
    Recorder recorder;
    const TimePoint start{seconds(100)};
    TimePoint now = start;
    TimePoint next_late = start;
    while (now < start + milliseconds(500)) {
        now = pacer.earliest(now, 1494);
        if (now >= next_late) {
            now += milliseconds(3);
            next_late += milliseconds(40);
        }
        pacer.on_sent(now, 1494);
        recorder.sent(now, 1494);
    }
    EXPECT_GT(static_cast<double>(recorder.total_bytes()) * 8 / 0.5,
              0.955 * static_cast<double>(rate))
        << "3 ms of every 43 are 7 % when none of it is caught up";
    EXPECT_LE(recorder.most_bytes_in_window(), rate / 800);
}

TEST(Pacer, AnIdleSecondDoesNotSaveUpMoreThanABurst) {
    Pacer pacer(100'000'000);
    TimePoint now{seconds(100)};
    pacer.on_sent(now, 1494);
    now += seconds(1);
    std::size_t burst = 0;
    while (pacer.earliest(now, 1494) <= now) {
        pacer.on_sent(now, 1494);
        burst += 1494;
    }
    EXPECT_LE(burst, 100'000'000 / 8 * 4 / 1000) << "four milliseconds of the rate";
}

TEST(Pacer, ADatagramLargerThanTheWindowStillLeaves) {
    Pacer pacer(500'000);  // 625 bytes per 10 ms
    TimePoint now{seconds(100)};
    const TimePoint start = now;
    for (int i = 0; i < 50; ++i) {
        now = pacer.earliest(now, 1494);
        pacer.on_sent(now, 1494);
    }
    const double rate = 49 * 1494 * 8 / to_seconds(now - start);
    EXPECT_LE(rate, 500'001);
    EXPECT_GT(rate, 495'000);
}

TEST(Pacer, ANewRateHoldsAtOnce) {
    Pacer pacer(1'000'000'000);
    TimePoint now{seconds(100)};
    for (int i = 0; i < 1000; ++i) {
        now = pacer.earliest(now, 1494);
        pacer.on_sent(now, 1494);
    }
    pacer.set_rate(now, 10'000'000);
    EXPECT_EQ(pacer.rate_bits_per_second(), 10'000'000u);
    EXPECT_GE(pacer.earliest(now, 1494), now + milliseconds(9)) << "the window is more than full";
}

TEST(Pacer, WhatWasSentAtATinyRateDoesNotHoldUpTheNext) {
    Pacer pacer(1'000'000'000);
    TimePoint now{seconds(100)};
    pacer.set_rate(now, 16);
    pacer.on_sent(now, 1494);
    EXPECT_GT(pacer.earliest(now, 1494), now + seconds(100));
    now += seconds(1);
    pacer.set_rate(now, 1'000'000'000);
    EXPECT_LE(pacer.earliest(now, 1494), now + milliseconds(10));
}

}  // namespace
}  // namespace muster::mcast
