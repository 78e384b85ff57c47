// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace muster::mcast {
namespace {

TEST(ReplayWindow, KnowsWhatCameAmongTheLast) {
    Prng prng(3);
    ReplayWindow window;
    std::set<std::uint64_t> came;
    std::uint64_t highest = 0;
    for (int i = 0; i < 50'000; ++i) {
        const std::uint64_t number =
            highest + prng.below(60) - std::min<std::uint64_t>(highest, prng.below(60));
        ASSERT_EQ(window.came_before(number), came.contains(number)) << number;
        window.remember(number);
        came.insert(number);
        highest = std::max(highest, number);
    }
}

TEST(ReplayWindow, LetsInWhatLiesBehind) {
    ReplayWindow window;
    window.remember(0);
    window.remember(ReplayWindow::kBits);
    EXPECT_FALSE(window.came_before(0));
    EXPECT_TRUE(window.came_before(ReplayWindow::kBits));
}

TEST(ReplayWindow, AFalseNumberFarAheadOpensNoHole) {
    ReplayWindow window;
    for (std::uint64_t n = 0; n < 100; ++n) window.remember(n);
    window.remember(1ULL << 63);
    for (std::uint64_t n = 0; n < 100; ++n) ASSERT_TRUE(window.came_before(n)) << n;
    EXPECT_FALSE(window.came_before(100));
}

TEST(ReplayWindow, StartsAnewWhenTheCourseHasMoved) {
    ReplayWindow window;
    for (std::uint64_t n = 0; n < 2000; ++n) window.remember(n);
    for (std::uint64_t n = 9'000'000; n < 9'000'050; ++n) {
        ASSERT_FALSE(window.came_before(n)) << n;
        window.remember(n);
    }
    EXPECT_TRUE(window.came_before(9'000'049));
}

}  // namespace
}  // namespace muster::mcast
