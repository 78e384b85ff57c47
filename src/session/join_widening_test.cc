// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/join_widening.h"

#include <gtest/gtest.h>

namespace muster::session {
namespace {

TimePoint at(double s) { return TimePoint(from_seconds(s)); }

TEST(JoinWidening, widens_at_once_when_nothing_ever_came) {
    JoinWidening widening;
    EXPECT_TRUE(widening.on_silence(at(2), {}));
    EXPECT_FALSE(widening.on_silence(at(4), {}));
}

TEST(JoinWidening, joins_again_first_when_it_had_worked) {
    JoinWidening widening;
    EXPECT_FALSE(widening.on_silence(at(22), at(20)));
    EXPECT_TRUE(widening.on_silence(at(24), at(20)));
}

TEST(JoinWidening, silences_that_ended_do_not_add_up) {
    JoinWidening widening;
    EXPECT_FALSE(widening.on_silence(at(22), at(20)));
    EXPECT_FALSE(widening.on_silence(at(62), at(60)));
    EXPECT_FALSE(widening.on_silence(at(102), at(100)));
}

TEST(JoinWidening, says_once_that_it_helped) {
    JoinWidening widening;
    EXPECT_FALSE(widening.has_helped(at(1)));
    ASSERT_TRUE(widening.on_silence(at(2), {}));
    EXPECT_FALSE(widening.has_helped({}));
    EXPECT_TRUE(widening.has_helped(at(2.1)));
    EXPECT_FALSE(widening.has_helped(at(2.2)));
}

TEST(JoinWidening, what_came_before_is_no_help) {
    JoinWidening widening;
    EXPECT_FALSE(widening.on_silence(at(22), at(20)));
    EXPECT_TRUE(widening.on_silence(at(24), at(20)));
    EXPECT_FALSE(widening.has_helped(at(20)));
    EXPECT_TRUE(widening.has_helped(at(24.1)));
}

}  // namespace
}  // namespace muster::session
