// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/block_set.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::content {
namespace {

TEST(BlockSet, AnEmptySetHasNothingAndOneOfNoBlocksHasAll) {
    const BlockSet nothing(0);
    EXPECT_TRUE(nothing.all());
    EXPECT_TRUE(nothing.none());
    EXPECT_EQ(nothing.first_set(0), std::nullopt);
    EXPECT_EQ(nothing.first_clear(0), std::nullopt);
    EXPECT_TRUE(nothing.to_intervals().empty());

    const BlockSet empty(65);
    EXPECT_FALSE(empty.all());
    EXPECT_TRUE(empty.none());
    EXPECT_EQ(empty.first_set(0), std::nullopt);
    EXPECT_EQ(empty.first_clear(64), 64U);
    EXPECT_EQ(empty.first_clear(65), std::nullopt);
    EXPECT_EQ(empty.first_clear(0xffffffff), std::nullopt);
}

TEST(BlockSet, BehavesLikeAVectorOfBoolUnderAnyChanges) {
    Prng prng(1);
    for (const std::uint32_t size : {1, 2, 63, 64, 65, 127, 128, 129, 200, 1000}) {
        BlockSet set(size);
        std::vector<bool> model(size);
        for (int step = 0; step < 300; ++step) {
            const auto index = static_cast<std::uint32_t>(prng.below(size));
            switch (prng.below(8)) {
                case 0: {
                    const auto end =
                        index + static_cast<std::uint32_t>(prng.below(size - index + 1));
                    set.set_range(index, end);
                    for (auto i = index; i < end; ++i) model[i] = true;
                    break;
                }
                case 1:
                case 2:
                case 3:
                    set.set(index);
                    model[index] = true;
                    break;
                default: set.clear(index); model[index] = false;
            }
            ASSERT_EQ(set.count(), std::count(model.begin(), model.end(), true));
            ASSERT_EQ(set.test(index), model[index]);
            ASSERT_EQ(set.all(), set.count() == size);
            ASSERT_EQ(set.none(), set.count() == 0);
            const auto from = static_cast<std::uint32_t>(prng.below(size));
            const auto expect_first = [&](bool value) -> std::optional<std::uint32_t> {
                for (auto i = from; i < size; ++i) {
                    if (model[i] == value) return i;
                }
                return std::nullopt;
            };
            ASSERT_EQ(set.first_set(from), expect_first(true));
            ASSERT_EQ(set.first_clear(from), expect_first(false));
        }
    }
}

TEST(BlockSet, GoesToIntervalsAndBack) {
    Prng prng(2);
    for (int round = 0; round < 300; ++round) {
        const auto size = static_cast<std::uint32_t>(1 + prng.below(500));
        BlockSet set(size);
        IntervalSet expected;
        for (auto n = prng.below(10); n > 0; --n) {
            const auto begin = static_cast<std::uint32_t>(prng.below(size));
            const auto end = begin + static_cast<std::uint32_t>(prng.below(size - begin + 1));
            set.set_range(begin, end);
            expected.add(begin, end);
        }
        EXPECT_EQ(set.to_intervals(), expected);
        EXPECT_EQ(BlockSet::from_intervals(expected, size), set);
    }
}

TEST(BlockSet, LeavesOutIntervalsBeyondItsSize) {
    IntervalSet intervals;
    intervals.add(3, 6);
    intervals.add(68, 100);
    intervals.add(1ULL << 40, (1ULL << 40) + 5);
    const auto set = BlockSet::from_intervals(intervals, 70);
    EXPECT_EQ(set.count(), 5U);
    EXPECT_EQ(set.to_intervals().to_string(), "3-5,68-69");
}

}  // namespace
}  // namespace muster::content
