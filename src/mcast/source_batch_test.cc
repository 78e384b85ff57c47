// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/source_batch.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

class Batch : public testing::Test {
protected:
    std::vector<std::uint32_t> take_all() {
        std::vector<std::uint32_t> symbols;
        while (!batch_.empty()) {
            const auto symbol = batch_.take();
            symbols.push_back(symbol.wire_symbol);
            if (symbol.last_of_group) finished_.push_back(symbol.group);
        }
        return symbols;
    }

    // 1 block of manifest; image blocks 1 to 8 of 2 symbols, the last of 1.
    const Layout layout_ = Layout::create({8 * 32 - 16, 20, 32, 16, 2}).value();
    SourceBatch batch_{layout_};
    std::vector<GroupId> finished_;
};

TEST_F(Batch, OneGroupIsSentInOrder) {
    batch_.add({1, 2}, {BlockIndex(1), BlockIndex(3)});
    EXPECT_TRUE(batch_.contains({1, 2}));
    EXPECT_EQ(take_all(), (std::vector<std::uint32_t>{2, 3, 6, 7}));
    EXPECT_EQ(finished_, (std::vector<GroupId>{{1, 2}}));
    EXPECT_FALSE(batch_.contains({1, 2}));
}

TEST_F(Batch, SeveralGroupsTakeTurnsSymbolBySymbol) {
    batch_.add({1, 1}, {BlockIndex(1), BlockIndex(2)});
    batch_.add({3, 1}, {BlockIndex(4)});
    batch_.add({7, 1}, {BlockIndex(7), BlockIndex(8)});
    EXPECT_EQ(take_all(), (std::vector<std::uint32_t>{2, 8, 14, 3, 9, 15, 4, 16, 5}));
    EXPECT_EQ(finished_, (std::vector<GroupId>{{3, 1}, {7, 1}, {1, 1}}));
}

TEST_F(Batch, TheShortLastBlockHasOnlyItsSymbols) {
    batch_.add({5, 2}, {BlockIndex(8)});
    EXPECT_EQ(take_all(), (std::vector<std::uint32_t>{16}));
}

}  // namespace
}  // namespace muster::mcast
