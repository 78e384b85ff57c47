// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/pause.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

TEST(PauseTest, NobodyIsMissedBeforeAnybodyIsExpected) {
    const Pause pause(seconds(2));
    EXPECT_EQ(pause.reason(kStart + seconds(100)), PauseReason::none);
}

TEST(PauseTest, BeginsWhenNobodyWasHeardForTheTimeoutAndEndsWithAWord) {
    Pause pause(seconds(2));
    pause.expect_feedback(kStart);
    EXPECT_EQ(pause.reason(kStart + milliseconds(1999)), PauseReason::none);
    EXPECT_EQ(pause.reason(kStart + seconds(2)), PauseReason::no_feedback);
    pause.on_feedback(kStart + seconds(3));
    EXPECT_EQ(pause.reason(kStart + seconds(3)), PauseReason::none);
    EXPECT_EQ(pause.reason(kStart + seconds(5)), PauseReason::no_feedback);
    pause.expect_nothing();
    EXPECT_EQ(pause.reason(kStart + seconds(5)), PauseReason::none);
}

TEST(PauseTest, AWordOfSomebodyNotExpectedExpectsNobody) {
    Pause pause(seconds(2));
    pause.on_feedback(kStart);
    EXPECT_EQ(pause.reason(kStart + seconds(5)), PauseReason::none);
}

TEST(PauseTest, WithoutACarrierTheCableIsTheReasonAndThenAWordIsWaitedFor) {
    Pause pause(seconds(2));
    pause.expect_feedback(kStart);
    EXPECT_EQ(pause.on_carrier(kStart + seconds(1), false), Duration{});
    EXPECT_EQ(pause.on_carrier(kStart + seconds(5), false), Duration{});
    EXPECT_EQ(pause.reason(kStart + seconds(9)), PauseReason::no_carrier);
    EXPECT_EQ(pause.on_carrier(kStart + seconds(31), true), seconds(30));
    EXPECT_EQ(pause.on_carrier(kStart + seconds(32), true), Duration{});
    EXPECT_EQ(pause.reason(kStart + seconds(32)), PauseReason::no_feedback);
    pause.on_feedback(kStart + seconds(33));
    EXPECT_EQ(pause.reason(kStart + seconds(33)), PauseReason::none);
}

TEST(PauseTest, ReasonsHaveWords) {
    EXPECT_TRUE(to_string(PauseReason::none).empty());
    EXPECT_FALSE(to_string(PauseReason::no_carrier).empty());
    EXPECT_FALSE(to_string(PauseReason::no_feedback).empty());
    EXPECT_FALSE(to_string(PauseReason::returning).empty());
}

}  // namespace
}  // namespace muster::mcast
