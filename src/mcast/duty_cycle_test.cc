// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/duty_cycle.h"

#include <gtest/gtest.h>

#include <set>

namespace muster::mcast {
namespace {

using std::chrono::seconds;

std::set<std::uint32_t> taken(DutyCycle& duty, std::uint32_t stretches) {
    std::set<std::uint32_t> set;
    for (std::uint32_t s = 0; s < stretches; ++s) {
        if (duty.takes(s)) set.insert(s);
    }
    return set;
}

DutyCycle slow_by(double share) {
    DutyCycle duty;
    TimePoint now(seconds(1));
    duty.on_rates(now, share * 1e8, 1e8, false);
    duty.on_full(now);
    return duty;
}

TEST(DutyCycle, TakesEverythingUntilMemoryIsFull) {
    DutyCycle duty;
    duty.on_rates(TimePoint(seconds(1)), 1e6, 1e9, false);
    EXPECT_EQ(taken(duty, 200).size(), 200u);
    EXPECT_TRUE(duty.takes_all());
}

TEST(DutyCycle, ClassesAreEvenlySpreadOverTheImage) {
    std::set<std::uint32_t> classes;
    for (std::uint32_t s = 0; s < 64; ++s) classes.insert(DutyCycle::class_of(s));
    EXPECT_EQ(classes.size(), 64u);
    EXPECT_EQ(*classes.rbegin(), 63u);
    DutyCycle half = slow_by(0.52);
    const auto set = taken(half, 64);
    for (std::uint32_t s = 0; s + 4 <= 64; s += 4) {
        EXPECT_NEAR(static_cast<double>(std::distance(set.lower_bound(s), set.lower_bound(s + 4))),
                    2, 1)
            << s;
    }
}

TEST(DutyCycle, TakesTheShareItsSinkSustains) {
    for (const double share : {0.1, 0.3, 0.5, 0.8}) {
        DutyCycle duty = slow_by(share);
        EXPECT_NEAR(static_cast<double>(taken(duty, 6400).size()) / 6400, share, 0.06) << share;
    }
}

TEST(DutyCycle, WhatTheSlowerTakesTheFasterTakesToo) {
    DutyCycle slow = slow_by(0.2);
    DutyCycle slower = slow_by(0.1);
    const auto of_slow = taken(slow, 640);
    for (const auto stretch : taken(slower, 640)) EXPECT_TRUE(of_slow.contains(stretch));
}

TEST(DutyCycle, ASlowerStreamIsTakenWhole) {
    DutyCycle duty = slow_by(0.2);
    duty.on_rates(TimePoint(seconds(3)), 0.2e8, 0.19e8, true);
    EXPECT_TRUE(duty.takes_all());
}

TEST(DutyCycle, ADiskThatRecoveredIsUsedAgain) {
    DutyCycle duty = slow_by(0.1);
    duty.on_rates(TimePoint(seconds(2)), 2e8, 1e8, false);
    EXPECT_FALSE(duty.takes_all());  // its memory is still full
    duty.on_rates(TimePoint(seconds(2)), 2e8, 1e8, true);
    EXPECT_TRUE(duty.takes_all());
}

TEST(DutyCycle, WhatItAskedForItTakes) {
    DutyCycle duty = slow_by(0.1);
    EXPECT_FALSE(duty.takes(1));
    duty.on_asked();
    EXPECT_TRUE(duty.takes(1));
    EXPECT_TRUE(duty.takes_all());
}

TEST(DutyCycle, MemoryFullOfGroupsThatWaitForRepairIsNoReason) {
    DutyCycle duty;
    duty.on_full(TimePoint(seconds(1)));
    duty.on_rates(TimePoint(seconds(1)), 2e8, 1e8, false);
    duty.on_full(TimePoint(seconds(2)));
    EXPECT_TRUE(duty.takes_all());
}

TEST(DutyCycle, FullMemoryLowersTheShareFurther) {
    DutyCycle duty = slow_by(0.9);
    for (int i = 2; i < 40; ++i) duty.on_full(TimePoint(seconds(i)));
    EXPECT_LE(duty.share(), 8u);
    EXPECT_GE(duty.share(), 1u);
}

TEST(DutyCycle, TheAnswerForAStretchDoesNotChangeWithinIt) {
    DutyCycle duty;
    EXPECT_TRUE(duty.takes(1));
    duty.on_rates(TimePoint(seconds(1)), 1e6, 1e8, false);
    duty.on_full(TimePoint(seconds(1)));
    EXPECT_TRUE(duty.takes(1));
    EXPECT_TRUE(duty.takes(0));
    EXPECT_FALSE(duty.takes(1));
}

}  // namespace
}  // namespace muster::mcast
