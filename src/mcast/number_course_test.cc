// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/number_course.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using Step = NumberCourse::Step;
constexpr std::uint64_t kFar = 1ULL << 60;

TEST(NumberCourse, FollowsTheHighest) {
    NumberCourse course;
    EXPECT_FALSE(course.highest());
    EXPECT_EQ(course.on_number(7), Step::first);
    EXPECT_EQ(course.on_number(9), Step::ahead);
    EXPECT_EQ(course.on_number(8), Step::behind);
    EXPECT_EQ(course.highest(), 9u);
}

TEST(NumberCourse, OneFalseNumberDoesNotMoveIt) {
    NumberCourse course;
    course.on_number(100);
    EXPECT_EQ(course.on_number(kFar), Step::stray);
    EXPECT_EQ(course.on_number(~0ULL), Step::stray);
    EXPECT_EQ(course.highest(), 100u);
    EXPECT_EQ(course.on_number(101), Step::ahead);
}

TEST(NumberCourse, FalseNumbersAmongTrueOnesNeverConvince) {
    NumberCourse course;
    course.on_number(0);
    for (std::uint64_t n = 1; n < 1000; ++n) {
        ASSERT_EQ(course.on_number(n), Step::ahead);
        for (std::uint32_t i = 0; i + 1 < NumberCourse::kStraysThatConvince; ++i) {
            ASSERT_EQ(course.on_number(kFar + n), Step::stray);
        }
    }
}

TEST(NumberCourse, GoesOnBehindAnOutage) {
    NumberCourse course;
    course.on_number(5);
    for (std::uint64_t i = 0; i + 1 < NumberCourse::kStraysThatConvince; ++i) {
        ASSERT_EQ(course.on_number(1'000'000 + i), Step::stray);
    }
    EXPECT_EQ(course.on_number(1'000'100), Step::moved);
    EXPECT_EQ(course.on_number(1'000'101), Step::ahead);
}

TEST(NumberCourse, ComesBackFromALieThatWasBelieved) {
    NumberCourse course;
    course.on_number(kFar);  // the first of all
    Step step = Step::stray;
    for (std::uint64_t n = 0; n < NumberCourse::kStraysThatConvince; ++n) {
        step = course.on_number(n);
    }
    EXPECT_EQ(step, Step::moved);
    EXPECT_EQ(course.highest(), NumberCourse::kStraysThatConvince - 1);
}

}  // namespace
}  // namespace muster::mcast
