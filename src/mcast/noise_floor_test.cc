// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/noise_floor.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

constexpr double kMargin = 0.02;

LossSample sample(std::uint64_t lost, std::uint64_t all, double burst = 1) {
    return {lost, all, burst};
}

TEST(NoiseFloor, LossThatDoesNotAnswerIsNoise) {
    NoiseFloor floor;
    EXPECT_TRUE(floor.is_exceeded(sample(50, 1000), kMargin));
    floor.begin_experiment(sample(50, 1000));
    EXPECT_EQ(floor.on_experiment(sample(36, 700)), NoiseFloor::Verdict::undecided);
    EXPECT_EQ(floor.on_experiment(sample(33, 700)), NoiseFloor::Verdict::undecided);
    EXPECT_EQ(floor.on_experiment(sample(36, 700)), NoiseFloor::Verdict::noise);
    EXPECT_FALSE(floor.is_experimenting());
    EXPECT_NEAR(floor.value(), 0.05, 0.001);
    EXPECT_FALSE(floor.is_exceeded(sample(60, 1000), kMargin));
    EXPECT_TRUE(floor.is_exceeded(sample(150, 1000), kMargin));
}

TEST(NoiseFloor, LossThatAnswersIsCongestion) {
    NoiseFloor floor;
    floor.begin_experiment(sample(100, 1000));
    EXPECT_EQ(floor.on_experiment(sample(10, 700)), NoiseFloor::Verdict::undecided);
    EXPECT_EQ(floor.on_experiment(sample(0, 700)), NoiseFloor::Verdict::undecided);
    EXPECT_EQ(floor.on_experiment(sample(0, 700)), NoiseFloor::Verdict::congestion);
    EXPECT_EQ(floor.value(), 0);
}

TEST(NoiseFloor, AThirdIsNeverNoise) {
    NoiseFloor floor;
    floor.begin_experiment(sample(330, 1000));
    for (int i = 0; i < 2; ++i) (void)floor.on_experiment(sample(330, 1000));
    EXPECT_EQ(floor.on_experiment(sample(330, 1000)), NoiseFloor::Verdict::congestion);
    EXPECT_EQ(floor.value(), 0);
}

TEST(NoiseFloor, FallsWithTheLoss) {
    NoiseFloor floor;
    floor.begin_experiment(sample(50, 1000));
    for (int i = 0; i < 3; ++i) (void)floor.on_experiment(sample(50, 1000));
    floor.on_calm(sample(900, 10'000));  // more is not taken for noise by itself
    EXPECT_NEAR(floor.value(), 0.05, 1e-9);
    for (int i = 0; i < 100; ++i) floor.on_calm(sample(10, 1000));
    EXPECT_NEAR(floor.value(), 0.01, 0.001);
}

TEST(NoiseFloor, WhatIsLostWithoutAQueueExplainsTheSameWithinOne) {
    NoiseFloor floor;
    EXPECT_FALSE(floor.explains(sample(1, 1000)));  // nothing is lost otherwise
    for (int i = 0; i < 100; ++i) floor.on_calm(sample(1, 1000));
    EXPECT_TRUE(floor.explains(sample(3, 1000)));
    EXPECT_FALSE(floor.explains(sample(10, 1000)));
    EXPECT_TRUE(floor.explains(sample(10, 1000, 10)));
}

TEST(NoiseFloor, ChanceAloneDoesNotExceedIt) {
    const NoiseFloor floor;
    EXPECT_FALSE(floor.is_exceeded(sample(3, 50), kMargin));         // 6 % of hardly anything
    EXPECT_FALSE(floor.is_exceeded(sample(50, 1000, 20), kMargin));  // two or three bursts
    EXPECT_TRUE(floor.is_exceeded(sample(50, 1000), kMargin));
    EXPECT_FALSE(floor.is_exceeded(sample(0, 0), kMargin));
}

}  // namespace
}  // namespace muster::mcast
