// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/fetch_plan.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

class FetchPlanTest : public ::testing::Test {
protected:
    static Layout make_layout() {
        LayoutOptions options;
        options.image_bytes = 100ull * options.block_bytes;
        options.manifest_bytes = 24 + 100 * 32;
        return *Layout::create(options);
    }
    std::optional<BlockRun> next(std::uint32_t max_blocks = 8) {
        return plan_.next({verified_, cursor_, [&](BlockIndex b) { return whole_.test(b.value); }},
                          max_blocks);
    }
    void have_manifest() { verified_.set_range(0, layout_.manifest_blocks()); }
    void end(const BlockRun& run, bool verified) {
        for (std::uint32_t i = 0; i < run.count; ++i) {
            plan_.on_ended(BlockIndex(run.first.value + i));
            if (verified) verified_.set(run.first.value + i);
        }
    }
    static BlockRun run(std::uint32_t first, std::uint32_t count) {
        return {BlockIndex(first), count};
    }

    const Layout layout_ = make_layout();  // block 0 is the manifest, 1 to 100 the image
    content::BlockSet verified_{layout_.block_count()};
    content::BlockSet whole_{layout_.block_count()};
    BlockIndex cursor_{0};
    FetchPlan plan_{layout_};
};

TEST_F(FetchPlanTest, TakesTheManifestFirstAndNothingElseUntilItIsThere) {
    const auto manifest = next();
    EXPECT_EQ(manifest, run(0, 1));
    EXPECT_EQ(next(), std::nullopt);
    end(*manifest, false);
    EXPECT_EQ(next(), manifest);
    end(*manifest, true);
    EXPECT_EQ(next(), run(93, 8));
}

TEST_F(FetchPlanTest, GoesBackwardsFromTheCarouselAndRoundTheEnd) {
    have_manifest();
    cursor_ = BlockIndex(11);
    EXPECT_EQ(next(), run(3, 8));
    EXPECT_EQ(next(), run(1, 2));
    EXPECT_EQ(next(), run(93, 8));
    EXPECT_EQ(next(), run(85, 8));
}

TEST_F(FetchPlanTest, TakesOnlyWhatIsMissing) {
    have_manifest();
    verified_.set_range(1, 101);
    verified_.clear(40);
    verified_.clear(41);
    verified_.clear(43);
    EXPECT_EQ(next(), run(43, 1));
    EXPECT_EQ(next(), run(40, 2));
    EXPECT_EQ(next(), std::nullopt);
    EXPECT_FALSE(plan_.idle());
}

TEST_F(FetchPlanTest, LeavesGroupsThatAreNearlyWholeForTheEnd) {
    have_manifest();
    whole_.set_range(65, 97);
    EXPECT_EQ(next(), run(97, 4));
    EXPECT_EQ(next(), run(57, 8));
    verified_.set_range(1, 57);
    EXPECT_EQ(next(), run(89, 8));
}

TEST_F(FetchPlanTest, WhatWasAskedForByNameGoesBeforeAndOnlyWhileItIsMissing) {
    have_manifest();
    plan_.name(BlockIndex(7));
    plan_.name(BlockIndex(9));
    verified_.set(7);
    EXPECT_EQ(next(), run(9, 1));
    EXPECT_EQ(next(), run(93, 8));
    plan_.name(BlockIndex(9));
    EXPECT_EQ(plan_.next_named({verified_, cursor_, {}}, 16), std::nullopt) << "it is under way";
}

TEST_F(FetchPlanTest, EveryBlockIsTakenExactlyOnceWhateverTheOrder) {
    content::BlockSet taken(layout_.block_count());
    for (std::uint32_t b = 1; b <= 100; b += 3) verified_.set(b);
    whole_.set_range(33, 65);
    have_manifest();
    cursor_ = BlockIndex(50);
    while (const auto part = next(5)) {
        for (std::uint32_t i = 0; i < part->count; ++i) {
            EXPECT_FALSE(taken.test(part->first.value + i));
            EXPECT_FALSE(verified_.test(part->first.value + i));
            taken.set(part->first.value + i);
        }
    }
    EXPECT_EQ(taken.count() + verified_.count(), layout_.block_count());
}

}  // namespace
}  // namespace muster::mcast
