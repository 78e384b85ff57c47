// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/feedback_timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kSymbols = 2048;

std::vector<double> draws(const FeedbackParameters& parameters, std::uint32_t deficit, int count) {
    Prng prng(11);
    std::vector<double> list;
    for (int i = 0; i < count; ++i) {
        list.push_back(to_seconds(draw_feedback_delay(parameters, deficit, kSymbols, prng)));
    }
    std::sort(list.begin(), list.end());
    return list;
}

TEST(FeedbackTimer, NeverIsNegativeAndHasAnEnd) {
    for (const std::uint32_t members : {0u, 1u, 2u, 1000u, 4'000'000'000u}) {
        for (const double loss : {0.0, 0.01, 0.5, 1.0, 6.5}) {
            for (const std::uint32_t deficit : {1u, 20u, 65535u}) {
                const auto list = draws({members, loss, milliseconds(10)}, deficit, 1000);
                EXPECT_GE(list.front(), 0);
                EXPECT_LE(list.back(), 0.015001 / (1 - std::min(loss, 0.9)));
            }
        }
    }
}

// With z = 1/2, of N members in need of the worst deficit 1/N answers at once, and the rest lie
// under the truncated exponential: P[t < s] = N^(2 s / T_b - 1).
TEST(FeedbackTimer, FollowsTheTruncatedExponentialForTheWorstDeficit) {
    constexpr int kDraws = 200'000;
    const double backoff = 0.010 / 0.99;
    for (const std::uint32_t members : {10u, 100u, 1000u}) {
        const auto list = draws({members, 0.01, milliseconds(10)}, 60'000, kDraws);
        double largest_distance = 0;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (list[i] == 0) continue;
            const double law = std::pow(members, 2 * list[i] / backoff - 1);
            const double seen = static_cast<double>(i) / kDraws;
            largest_distance = std::max(largest_distance, std::abs(law - seen));
        }
        // Kolmogorov-Smirnov at the level of 0.1 %.
        EXPECT_LT(largest_distance, 1.95 / std::sqrt(kDraws)) << members;
        const auto at_once = std::count(list.begin(), list.end(), 0.0);
        EXPECT_NEAR(static_cast<double>(at_once) / kDraws, 1.0 / members,
                    4 * std::sqrt(1.0 / members / kDraws));
    }
}

TEST(FeedbackTimer, WhoMissesMoreSpeaksSooner) {
    const FeedbackParameters parameters{1000, 0.05, milliseconds(10)};
    double before = 1;
    for (const std::uint32_t deficit : {1u, 40u, 80u, 120u, 140u}) {
        const auto list = draws(parameters, deficit, 5000);
        const double median = list[list.size() / 2];
        EXPECT_LT(median, before) << deficit;
        before = median;
    }
}

TEST(FeedbackTimer, TheSameSeedDrawsTheSame) {
    EXPECT_EQ(draws({50, 0.02, milliseconds(10)}, 30, 100),
              draws({50, 0.02, milliseconds(10)}, 30, 100));
}

}  // namespace
}  // namespace muster::mcast
