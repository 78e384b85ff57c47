// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/formula.h"

#include <gtest/gtest.h>

namespace muster::sim {
namespace {

// The values of the design table, computed there by other means.
TEST(Formula, GivesTheValuesOfTheTable) {
    EXPECT_NEAR(expected_transmissions(0.01, 1, 64), 1.0101, 6e-5);
    EXPECT_NEAR(expected_transmissions(0.01, 1000, 200), 1.0401, 6e-5);
    EXPECT_NEAR(expected_transmissions(0.05, 10, 512), 1.0692, 6e-5);
    EXPECT_NEAR(expected_transmissions(0.05, 1000, 2048), 1.0703, 6e-5);
    EXPECT_NEAR(expected_transmissions(0.10, 100, 4096), 1.1251, 6e-5);
    EXPECT_NEAR(expected_transmissions(0.10, 1000, 32768), 1.1175, 6e-5);
}

TEST(Formula, OneReceiverCostsExactlyTheInverse) {
    for (const double loss : {0.001, 0.1, 0.5}) {
        EXPECT_NEAR(expected_transmissions(loss, 1, 300), 1 / (1 - loss), 1e-6);
    }
    EXPECT_EQ(expected_transmissions(0, 1000, 64), 1);
}

TEST(Formula, AddsUpTheGroupsAsTheyAreCut) {
    const auto layout = mcast::Layout::create({5 * 64 + 10, 40, 64, 16, 1}).value();
    double sum = 0;
    for (const std::uint32_t symbols : {3u, 8u, 8u, 5u}) {
        sum += symbols * expected_transmissions(0.2, 7, symbols);
    }
    EXPECT_NEAR(expected_symbols(layout, 0.2, 7), sum, 1e-9);
}

}  // namespace
}  // namespace muster::sim
