// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/open_group.h"

#include <gtest/gtest.h>

#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

// Blocks of 4 symbols, groups of 4 blocks; the last group has 2 blocks, the last of 3 symbols.
Layout small_layout() { return Layout::create({5 * 64 + 64 - 20, 40, 64, 16, 2}).value(); }

class Open : public testing::Test {
protected:
    OpenGroup open(std::uint32_t group) { return {layout_, nth_group(layout_, group), verified_}; }

    const Layout layout_ = small_layout();
    content::BlockSet verified_{layout_.block_count()};
};

TEST_F(Open, CountsWhatIsMissing) {
    OpenGroup group = open(1);
    EXPECT_EQ(group.missing(), 16u);
    EXPECT_TRUE(group.add_source(3));
    EXPECT_FALSE(group.add_source(3)) << "had it";
    EXPECT_EQ(group.missing(), 15u);
    EXPECT_EQ(group.deficit(), 15u);
    EXPECT_TRUE(group.add_row(0));
    EXPECT_FALSE(group.add_row(0));
    EXPECT_TRUE(group.add_row(7));
    EXPECT_EQ(group.deficit(), 13u);
    EXPECT_EQ(group.received(), 3u);
    EXPECT_EQ(group.sources_received(), 1u);
    EXPECT_EQ(group.missing_symbols().size(), 15u);
}

TEST_F(Open, TheShortLastGroupHasItsOwnLength) {
    OpenGroup group = open(2);
    EXPECT_EQ(group.missing(), 7u);
    EXPECT_FALSE(group.has_all_of(BlockIndex(6)));
    for (std::uint32_t s = 4; s < 7; ++s) group.add_source(s);
    EXPECT_TRUE(group.has_all_of(BlockIndex(6)));
    EXPECT_FALSE(group.has_all_of(BlockIndex(5)));
    EXPECT_EQ(group.missing_symbols(), (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST_F(Open, BlocksVerifiedEarlierCountAsHad) {
    verified_.set(2);
    OpenGroup group = open(1);  // blocks 1 to 4
    EXPECT_EQ(group.missing(), 12u);
    EXPECT_TRUE(group.has_all_of(BlockIndex(2)));
    EXPECT_TRUE(group.block_state(BlockIndex(2)).verified);
    EXPECT_FALSE(group.add_source(4)) << "a symbol of block 2";
    EXPECT_FALSE(group.all_verified());
}

TEST_F(Open, RowsInPlaceOfSymbolsMakeItDecodable) {
    OpenGroup group = open(2);
    for (std::uint32_t s = 0; s < 5; ++s) group.add_source(s);
    EXPECT_FALSE(group.can_decode());
    group.add_row(10);
    EXPECT_FALSE(group.can_decode());
    group.add_row(4);
    EXPECT_TRUE(group.can_decode());
    group.on_rank_missing(1);
    EXPECT_FALSE(group.can_decode());
    EXPECT_EQ(group.deficit(), 1u);
    group.add_row(5);
    EXPECT_TRUE(group.can_decode());
    group.on_decoded();
    EXPECT_EQ(group.missing(), 0u);
    EXPECT_FALSE(group.can_decode()) << "nothing left to decode";
    EXPECT_TRUE(group.block_state(BlockIndex(6)).repaired);
    EXPECT_FALSE(group.block_state(BlockIndex(5)).repaired) << "it was whole before";
}

TEST_F(Open, RemembersTheHighestRowThatWentBy) {
    OpenGroup group = open(1);
    group.saw_rows(5);
    EXPECT_EQ(group.rows_seen(), 5u);
    group.add_row(2);
    EXPECT_EQ(group.rows_seen(), 5u);
    group.add_row(8);
    EXPECT_EQ(group.rows_seen(), 9u);
}

TEST_F(Open, MoreRowsThanNeededAreNoDebt) {
    OpenGroup group = open(2);
    for (std::uint32_t row = 0; row < 20; ++row) group.add_row(row);
    EXPECT_EQ(group.deficit(), 0u);
}

}  // namespace
}  // namespace muster::mcast
