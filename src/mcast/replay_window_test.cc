// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace muster::mcast {
namespace {

constexpr std::uint32_t kMark = 0xabcd;

TEST(ReplayWindow, KnowsWhatCameAmongTheLast) {
    Prng prng(3);
    ReplayWindow window;
    std::set<std::uint64_t> came;
    std::uint64_t highest = 0;
    for (int i = 0; i < 50'000; ++i) {
        const std::uint64_t back = std::min<std::uint64_t>(highest, prng.below(60));
        const std::uint64_t number = highest + prng.below(60) - back;
        ASSERT_EQ(window.came_before(number, kMark), came.contains(number)) << number;
        window.remember(number, kMark);
        came.insert(number);
        highest = std::max(highest, number);
    }
}

TEST(ReplayWindow, LetsInWhatLiesBehind) {
    ReplayWindow window;
    window.remember(0, kMark);
    window.remember(ReplayWindow::kNumbers, kMark);
    EXPECT_FALSE(window.came_before(0, kMark));
    EXPECT_TRUE(window.came_before(ReplayWindow::kNumbers, kMark));
    window.remember(0, kMark);
    EXPECT_TRUE(window.came_before(ReplayWindow::kNumbers, kMark)) << "an old one takes no place";
}

TEST(ReplayWindow, ANumberThatALiarUsedFirstIsStillFree) {
    ReplayWindow window;
    window.remember(7, kMark);
    EXPECT_FALSE(window.came_before(7, kMark + 1));
    window.remember(7, kMark + 1);
    EXPECT_TRUE(window.came_before(7, kMark + 1));
}

TEST(ReplayWindow, AFalseNumberFarAheadOpensNoHole) {
    ReplayWindow window;
    for (std::uint64_t n = 0; n < 100; ++n) window.remember(n, kMark);
    for (std::uint64_t n = 0; n < 100; ++n) window.remember((1ULL << 63) + n * 1'000'000, kMark);
    for (std::uint64_t n = 0; n < 100; ++n) ASSERT_TRUE(window.came_before(n, kMark)) << n;
    EXPECT_FALSE(window.came_before(100, kMark));
}

TEST(ReplayWindow, WorksAgainWhenTheCourseHasMoved) {
    ReplayWindow window;
    window.remember(9'000'000, kMark);  // a lie that was the first of all
    for (std::uint64_t n = 0; n < 50; ++n) {
        ASSERT_FALSE(window.came_before(n, kMark)) << n;
        window.remember(n, kMark);
    }
    EXPECT_TRUE(window.came_before(49, kMark));
    for (std::uint64_t n = 5'000'000; n < 5'000'050; ++n) window.remember(n, kMark);
    EXPECT_TRUE(window.came_before(5'000'049, kMark));
}

}  // namespace
}  // namespace muster::mcast
