// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/loss_count.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::mcast {
namespace {

constexpr std::uint64_t kFar = 1ULL << 60;

TEST(LossCount, CountsWhatIsMissingInAnyOrder) {
    LossCount loss;
    for (std::uint64_t n : {10, 12, 15, 11}) loss.on_number(n);
    EXPECT_EQ(loss.lost(), 2u);  // 13, 14
    EXPECT_EQ(loss.runs(), 2u);
    EXPECT_EQ(loss.highest(), 15u);
    loss.on_number(8);
    EXPECT_EQ(loss.lost(), 3u);  // and 9
}

TEST(LossCount, WhatIsSentToNobodyIsNotLost) {
    LossCount loss;
    for (std::uint64_t n : {10, 11, 13}) loss.on_number(n);
    loss.on_absence();
    for (std::uint64_t n : {500, 502}) loss.on_number(n);
    EXPECT_EQ(loss.lost(), 2u);  // 12 and 501
    EXPECT_EQ(loss.runs(), 2u);
}

TEST(LossCount, IsNotFooledByNumbersFarAway) {
    Prng prng(1);
    LossCount loss;
    std::uint64_t dropped = 0;
    for (std::uint64_t n = 0; n < 20'000; ++n) {
        if (n > 0 && n < 19'999 && prng.chance(0.05)) {
            ++dropped;
        } else {
            loss.on_number(n);
        }
        if (prng.chance(0.3)) loss.on_number(prng.next() | kFar);
    }
    EXPECT_EQ(loss.lost(), dropped);
    EXPECT_EQ(loss.highest(), 19'999u);
}

TEST(LossCount, ALongOutageIsNotLoss) {
    LossCount loss;
    for (std::uint64_t n = 0; n < 100; ++n) loss.on_number(n);
    for (std::uint64_t n = 5'000'000; n < 5'000'100; ++n) loss.on_number(n);
    EXPECT_EQ(loss.lost(), 0u);
    EXPECT_EQ(loss.highest(), 5'000'099u);
}

}  // namespace
}  // namespace muster::mcast
