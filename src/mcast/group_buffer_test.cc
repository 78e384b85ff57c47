// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_buffer.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "fec/encoder.h"
#include "mcast/stretch_for_test.h"

namespace muster::mcast {
namespace {

class Buffer : public testing::Test {
protected:
    void SetUp() override {
        Prng prng(5);
        symbols_.resize(layout_.symbols_in_group(group_), Bytes(16));
        for (auto& symbol : symbols_) {
            for (auto& byte : symbol) byte = static_cast<std::byte>(prng.next());
        }
        // The image ends 5 bytes into the last symbol.
        std::fill(symbols_.back().begin() + 5, symbols_.back().end(), std::byte{0});
    }
    Bytes row(std::uint32_t number) const {
        std::vector<const std::byte*> pointers;
        for (const auto& symbol : symbols_) pointers.push_back(symbol.data());
        Bytes out(16);
        std::byte* const outs[] = {out.data()};
        fec::encode_rows(fec::scalar_kernel(), pointers, 16, number, outs);
        return out;
    }
    Bytes block(BlockIndex index) const {
        Bytes bytes;
        for (std::uint32_t s = 0; s < layout_.symbols_in_block(index); ++s) {
            const auto& symbol = symbols_[layout_.first_symbol_in_group(group_, index) + s];
            bytes.insert(bytes.end(), symbol.begin(), symbol.end());
        }
        bytes.resize(layout_.block_length_bytes(index));
        return bytes;
    }
    void expect_whole(const GroupBuffer& buffer) const {
        for (BlockIndex b = layout_.first_block(group_); b < layout_.end_block(group_); ++b) {
            const ByteSpan bytes = buffer.block_bytes(b);
            EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), block(b)) << "block " << b.value;
        }
    }

    // Blocks of 4 symbols of 16 bytes; the group has 3 blocks and 2 symbols.
    const Layout layout_ = Layout::create({3 * 64 + 16 + 5, 40, 64, 16, 2}).value();
    const GroupId group_ = nth_group(layout_, 1);
    std::vector<Bytes> symbols_;
};

TEST_F(Buffer, SymbolsLieWhereTheirBlockIs) {
    GroupBuffer buffer(layout_, group_);
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) buffer.store_symbol(i, symbols_[i]);
    expect_whole(buffer);
    EXPECT_EQ(buffer.block_bytes(BlockIndex(4)).size(), 21u) << "without the padding";
}

TEST_F(Buffer, RowsBringBackWhatWasLost) {
    GroupBuffer buffer(layout_, group_);
    const std::vector<std::uint32_t> missing = {0, 5, 6, 13};
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
        if (std::find(missing.begin(), missing.end(), i) == missing.end()) {
            buffer.store_symbol(i, symbols_[i]);
        }
    }
    buffer.store_row(40, row(40));
    buffer.store_row(3, row(3));
    EXPECT_EQ(buffer.decode(missing), 2u) << "two rows too few";
    buffer.store_row(3, row(3));
    EXPECT_EQ(buffer.decode(missing), 2u) << "the same row twice is one row";
    std::uint32_t next = 100;
    while (buffer.decode(missing) > 0) {
        ASSERT_LT(next, 110u);
        buffer.store_row(next, row(next));
        ++next;
    }
    expect_whole(buffer);
}

TEST_F(Buffer, BlocksOfAnEarlierRunAreLoadedBeforeADecode) {
    GroupBuffer buffer(layout_, group_);
    // Blocks 2 and 4 were verified before, block 3 came whole, block 1 lost its symbol 2.
    for (const std::uint32_t i : {0u, 1u, 3u, 8u, 9u, 10u, 11u}) {
        buffer.store_symbol(i, symbols_[i]);
    }
    const std::vector<std::uint32_t> missing = {2};
    EXPECT_EQ(buffer.blocks_to_load(missing),
              (std::vector<BlockIndex>{BlockIndex(2), BlockIndex(4)}));
    for (const BlockIndex b : {BlockIndex(2), BlockIndex(4)}) {
        const Bytes bytes = block(b);
        std::copy(bytes.begin(), bytes.end(), buffer.block_bytes(b).begin());
        buffer.mark_loaded(b);
    }
    EXPECT_TRUE(buffer.blocks_to_load(missing).empty());
    for (std::uint32_t number = 0; buffer.decode(missing) > 0; ++number) {
        ASSERT_LT(number, 5u);
        buffer.store_row(number, row(number));
    }
    expect_whole(buffer);
}

}  // namespace
}  // namespace muster::mcast
