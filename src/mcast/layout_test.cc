// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/layout.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

Layout make(std::uint64_t image, std::uint64_t manifest, std::uint32_t block = 1024,
            std::uint16_t symbol = 128, std::uint8_t log2 = 2) {
    return Layout::create({image, manifest, block, symbol, log2}).value();
}

TEST(Layout, RefusesWhatCannotBeCut) {
    EXPECT_EQ(Layout::create({0, 1, 1024, 128, 2}).error().code(), Errc::invalid_argument);
    EXPECT_FALSE(Layout::create({1, 0, 1024, 128, 2}).ok());
    EXPECT_FALSE(Layout::create({1, 1, 1024, 0, 2}).ok());
    EXPECT_FALSE(Layout::create({1, 1, 1000, 128, 2}).ok());
    EXPECT_FALSE(Layout::create({1, 1, 1024, 128, kMaxStretchBlocksLog2 + 1}).ok());
    EXPECT_FALSE(Layout::create({1, 1, 16384, 16, 6}).ok()) << "65536 symbols in a stretch";
    EXPECT_FALSE(Layout::create({1ULL << 46, 1, 1024, 128, 2}).ok()) << "2^39 symbols";
    EXPECT_FALSE(Layout::create({~0ULL, ~0ULL, 1024, 128, 2}).ok()) << "sums that wrap";
    EXPECT_FALSE(Layout::create({1, 1, 0, 128, 2}).ok()) << "blocks of no bytes";
}

TEST(Layout, TakesTheSizesOfProduction) {
    const auto layout = Layout::create({20'000'000'000, 7'102'000, 90112, 1408, 6}).value();
    EXPECT_EQ(layout.symbols_per_block(), 64u);
    const BlockIndex image(layout.manifest_blocks());
    EXPECT_EQ(layout.symbols_in_group(layout.group_of(image, layout.longest_group_log2())), 4096u);
    EXPECT_EQ(layout.symbols_in_group(layout.group_of(image, layout.shortest_group_log2())), 512u);
    EXPECT_EQ(layout.manifest_blocks(), 79u);
    EXPECT_EQ(layout.block_count(), 79u + 221'947u);
}

TEST(Layout, CutsShortLastBlocksOfBothObjects) {
    const auto layout = make(10 * 1024 + 130, 1025);  // 10 blocks and 130 bytes; 1 block and 1 byte
    EXPECT_EQ(layout.manifest_blocks(), 2u);
    EXPECT_EQ(layout.block_count(), 13u);
    EXPECT_EQ(layout.manifest_stretches(), 1u);
    EXPECT_EQ(layout.stretch_count(), 4u);
    EXPECT_EQ(layout.block_length_bytes(BlockIndex(1)), 1u);
    EXPECT_EQ(layout.symbols_in_block(BlockIndex(1)), 1u);
    EXPECT_EQ(layout.block_length_bytes(BlockIndex(12)), 130u);
    EXPECT_EQ(layout.symbols_in_block(BlockIndex(12)), 2u);
    EXPECT_EQ(layout.symbols_in_group(nth_group(layout, 0)), 9u);
    EXPECT_EQ(layout.symbols_in_group(nth_group(layout, 3)), 2 * 8 + 2u);
    EXPECT_EQ(layout.symbol_count(), 9u + 80 + 2);
}

TEST(Layout, KeepsGroupsOfTheTwoObjectsApart) {
    const auto layout = make(4096, 1025);
    EXPECT_TRUE(layout.is_manifest(BlockIndex(1)));
    EXPECT_FALSE(layout.is_manifest(BlockIndex(2)));
    EXPECT_EQ(layout.manifest_group_of(BlockIndex(1)), (GroupId{0, 2}));
    EXPECT_EQ(layout.group_of(BlockIndex(4), 1), (GroupId{4, 1}));
    EXPECT_EQ(layout.group_of(BlockIndex(4), 2), (GroupId{2, 2}));
    EXPECT_EQ(layout.end_block(GroupId{0, 2}), BlockIndex(2));
    EXPECT_EQ(layout.index_in_object(BlockIndex(2)), 0u);
}

TEST(Layout, TellsGroupsFromOtherRunsOfBlocks) {
    const auto layout = make(40 * 1024, 1025, 1024, 128, 4);  // 2 blocks of manifest
    EXPECT_TRUE(layout.is_group({0, 4}));
    EXPECT_FALSE(layout.is_group({0, 3})) << "the manifest is not split";
    EXPECT_TRUE(layout.is_group({2, 4}));
    EXPECT_TRUE(layout.is_group({4, 1}));
    EXPECT_FALSE(layout.is_group({4, 2})) << "not aligned";
    EXPECT_FALSE(layout.is_group({2, 0})) << "too short";
    EXPECT_FALSE(layout.is_group({2, 5})) << "too long";
    EXPECT_FALSE(layout.is_group({2, 255}));
    EXPECT_FALSE(layout.is_group({42, 1})) << "beyond the end";
    EXPECT_FALSE(layout.is_group({~0u, 1}));
}

// Symbols tile the blocks of a group; its length in symbols.
void expect_consistent(const Layout& layout, GroupId g, std::uint32_t& symbols) {
    symbols = 0;
    ASSERT_TRUE(layout.is_group(g));
    for (BlockIndex b = layout.first_block(g); b < layout.end_block(g); ++b) {
        ASSERT_EQ(layout.group_of(b, g.blocks_log2), g);
        ASSERT_EQ(layout.first_symbol_in_group(g, b), symbols);
        ASSERT_EQ(layout.is_manifest(b), layout.is_manifest(g));
        ASSERT_EQ(layout.stretch_of(b), layout.stretch_of(layout.first_block(g)));
        const UnitIndex unit = layout.unit_of(b);
        ASSERT_LT(unit, layout.end_unit(g));
        ASSERT_LE(layout.first_block(unit), b);
        ASSERT_LT(b, layout.end_block(unit));
        for (std::uint32_t s = 0; s < layout.symbols_in_block(b); ++s) {
            const std::uint32_t wire = layout.wire_symbol(b, s);
            ASSERT_TRUE(layout.is_symbol(wire));
            ASSERT_EQ(layout.block_of(wire), b);
            ASSERT_EQ(layout.symbol_in_block(wire), s);
        }
        if (layout.symbols_in_block(b) < layout.symbols_per_block()) {
            ASSERT_FALSE(layout.is_symbol(layout.wire_symbol(b, layout.symbols_in_block(b))));
        }
        symbols += layout.symbols_in_block(b);
    }
    ASSERT_EQ(layout.symbols_in_group(g), symbols);
}

// Every block lies in its group, and groups of any length tile the blocks.
void expect_consistent(const Layout& layout, std::uint8_t blocks_log2) {
    std::uint32_t next_block = 0;
    std::uint64_t symbols = 0;
    while (next_block < layout.block_count()) {
        const GroupId g = layout.group_of(BlockIndex(next_block), blocks_log2);
        ASSERT_EQ(g.start_block, next_block);
        ASSERT_GT(layout.blocks_in_group(g), 0u);
        std::uint32_t in_group = 0;
        expect_consistent(layout, g, in_group);
        symbols += in_group;
        next_block = layout.end_block(g).value;
    }
    ASSERT_EQ(next_block, layout.block_count());
    ASSERT_EQ(layout.symbol_count(), symbols);
    ASSERT_FALSE(layout.is_symbol(layout.wire_symbol(BlockIndex(layout.block_count()), 0)));
    ASSERT_FALSE(layout.is_symbol(~0u));
}

TEST(Layout, NumbersGoThereAndBackForAnySizes) {
    Prng prng(7);
    for (int i = 0; i < 300; ++i) {
        const auto symbol = static_cast<std::uint16_t>(1 + prng.below(64));
        const auto block = static_cast<std::uint32_t>(symbol * (1 + prng.below(16)));
        const auto log2 = static_cast<std::uint8_t>(prng.below(7));
        const auto layout =
            make(1 + prng.below(50'000), 1 + prng.below(3'000), block, symbol, log2);
        for (auto g = layout.shortest_group_log2(); g <= layout.longest_group_log2(); ++g) {
            expect_consistent(layout, g);
        }
        if (HasFatalFailure()) FAIL() << "sizes number " << i;
    }
}

}  // namespace
}  // namespace muster::mcast
