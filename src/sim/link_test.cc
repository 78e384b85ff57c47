// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/link.h"

#include <gtest/gtest.h>

namespace muster::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr TimePoint kNow{std::chrono::seconds(10)};

struct Measured {
    double loss = 0;
    double mean_burst = 0;
};

Measured measure(double loss, double mean_burst) {
    LossProcess process(loss, mean_burst, Prng(3));
    constexpr int kCount = 2'000'000;
    int lost = 0;
    int bursts = 0;
    bool before = false;
    for (int i = 0; i < kCount; ++i) {
        const bool now = process.next_is_lost();
        lost += now;
        bursts += now && !before;
        before = now;
    }
    return {static_cast<double>(lost) / kCount,
            bursts == 0 ? 0 : static_cast<double>(lost) / bursts};
}

TEST(Link, LosesTheShareItIsToldInBurstsOfTheLengthItIsTold) {
    for (const double loss : {0.001, 0.05, 0.4}) {
        const Measured independent = measure(loss, 0);
        EXPECT_NEAR(independent.loss, loss, loss * 0.05);
        EXPECT_NEAR(independent.mean_burst, 1 / (1 - loss), 0.03);
        const Measured bursty = measure(loss, 20);
        EXPECT_NEAR(bursty.loss, loss, loss * 0.1);
        EXPECT_NEAR(bursty.mean_burst, 20, 2);
    }
    EXPECT_EQ(measure(0, 0).loss, 0);
}

TEST(Link, DelaysAndLetsDatagramsOvertakeEachOther) {
    LinkOptions options;
    options.delay = milliseconds(3);
    options.jitter = milliseconds(2);
    Link link(options, Prng(1));
    bool overtaken = false;
    TimePoint before{};
    for (int i = 0; i < 100; ++i) {
        const auto arrivals = link.send(kNow + i * microseconds(10), 1500);
        ASSERT_EQ(arrivals.count, 1);
        EXPECT_GE(arrivals.list[0].at, kNow + i * microseconds(10) + milliseconds(3));
        EXPECT_LE(arrivals.list[0].at, kNow + i * microseconds(10) + milliseconds(5));
        overtaken |= arrivals.list[0].at < before;
        before = arrivals.list[0].at;
    }
    EXPECT_TRUE(overtaken);
}

TEST(Link, ASlowPortQueuesThenDrops) {
    LinkOptions options;
    options.delay = {};
    options.rate_bits_per_second = 1'000'000;
    options.queue_bytes = 10'000;
    Link link(options, Prng(1));
    int through = 0;
    for (int i = 0; i < 20; ++i) through += link.send(kNow, 1000).count;
    EXPECT_EQ(through, 10);
    const auto later = link.send(kNow + milliseconds(80), 1000);
    ASSERT_EQ(later.count, 1);
    EXPECT_EQ(later.list[0].at, kNow + milliseconds(88));
}

TEST(Link, DuplicatesAndDamages) {
    LinkOptions options;
    options.duplicate = 0.25;
    options.damage = 0.1;
    Link link(options, Prng(1));
    int copies = 0;
    int damaged = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto arrivals = link.send(kNow, 1000);
        copies += arrivals.count;
        for (int n = 0; n < arrivals.count; ++n) damaged += arrivals.list[n].damaged;
    }
    EXPECT_NEAR(copies, 12'500, 300);
    EXPECT_NEAR(damaged, 1'250, 200);
}

TEST(Link, AHealedLinkOnlyDelays) {
    LinkOptions options;
    options.loss = 0.9;
    options.jitter = milliseconds(5);
    options.rate_bits_per_second = 1000;
    Link link(options, Prng(1));
    link.heal();
    for (int i = 0; i < 1000; ++i) {
        const auto arrivals = link.send(kNow, 1000);
        ASSERT_EQ(arrivals.count, 1);
        ASSERT_EQ(arrivals.list[0].at, kNow + options.delay);
    }
}

}  // namespace
}  // namespace muster::sim
