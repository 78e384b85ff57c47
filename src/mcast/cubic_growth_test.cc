// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/cubic_growth.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};

TEST(CubicGrowth, BeginsWhereItWasCutAndComesBackToTheTop) {
    CubicGrowth growth;
    growth.start(kStart, 35e6, 50e6, milliseconds(50));
    EXPECT_NEAR(growth.rate(kStart), 35e6, 1e3);
    // 208 packets in flight: K = cbrt(0.3 * 208 / 0.4) = 5.4 s.
    EXPECT_NEAR(growth.rate(kStart + milliseconds(5400)), 50e6, 1e6);
    EXPECT_GT(growth.rate(kStart + seconds(9)), 53e6);
}

TEST(CubicGrowth, NeverFalls) {
    CubicGrowth growth;
    growth.start(kStart, 30e6, 90e6, milliseconds(20));
    double before = 0;
    for (int ms = 0; ms < 20'000; ms += 50) {
        const double rate = growth.rate(kStart + milliseconds(ms));
        EXPECT_GE(rate, before);
        before = rate;
    }
}

TEST(CubicGrowth, WithAShortRoundTripItGrowsAsRenoDoes) {
    CubicGrowth growth;
    growth.start(kStart, 70e6, 100e6, milliseconds(10));
    // 0.53 packets of 12,000 bits a round trip, 100 round trips a second.
    EXPECT_NEAR(growth.rate(kStart + milliseconds(100)), 70e6 + 0.53 * 10 * 1.2e6, 1e5);
}

TEST(CubicGrowth, FromTheTopItGoesOnUpwards) {
    CubicGrowth growth;
    growth.start(kStart, 50e6, 40e6, milliseconds(50));
    EXPECT_NEAR(growth.rate(kStart), 50e6, 1e3);
    EXPECT_GT(growth.rate(kStart + seconds(3)), 51e6);
}

}  // namespace
}  // namespace muster::mcast
