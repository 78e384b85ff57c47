// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/group_buffer.h"

#include <algorithm>

#include "base/check.h"
#include "fec/decoder.h"

namespace muster::mcast {

GroupBuffer::GroupBuffer(const Layout& layout, GroupId group)
    : layout_(layout),
      group_(group),
      symbols_(std::size_t{layout.symbols_in_group(group)} * layout.symbol_bytes()),
      filled_(layout.symbols_in_group(group), false) {}

void GroupBuffer::store_symbol(std::uint32_t symbol_in_group, ByteSpan payload) {
    const std::size_t bytes = layout_.symbol_bytes();
    CHECK(payload.size() == bytes && (symbol_in_group + 1) * bytes <= symbols_.size());
    std::copy(payload.begin(), payload.end(), symbols_.begin() + symbol_in_group * bytes);
    filled_[symbol_in_group] = true;
}

void GroupBuffer::store_row(std::uint32_t row, ByteSpan payload) {
    CHECK(payload.size() == layout_.symbol_bytes());
    rows_.push_back({row, Bytes(payload.begin(), payload.end())});
}

std::vector<BlockIndex> GroupBuffer::blocks_to_load(std::span<const std::uint32_t> missing) const {
    std::vector<bool> there = filled_;
    for (std::uint32_t symbol : missing) there[symbol] = true;
    std::vector<BlockIndex> blocks;
    const BlockIndex end = layout_.end_block(group_);
    for (BlockIndex block = layout_.first_block(group_); block < end; ++block) {
        const auto first = there.begin() + layout_.first_symbol_in_group(group_, block);
        const auto last = first + layout_.symbols_in_block(block);
        if (std::find(first, last, false) != last) blocks.push_back(block);
    }
    return blocks;
}

void GroupBuffer::mark_loaded(BlockIndex block) {
    const auto first = filled_.begin() + layout_.first_symbol_in_group(group_, block);
    std::fill(first, first + layout_.symbols_in_block(block), true);
}

std::uint32_t GroupBuffer::decode(std::span<const std::uint32_t> missing) {
    const std::size_t bytes = layout_.symbol_bytes();
    std::vector<std::byte*> symbols(layout_.symbols_in_group(group_));
    for (std::size_t i = 0; i < symbols.size(); ++i) symbols[i] = symbols_.data() + i * bytes;
    std::vector<fec::RepairRow> rows;
    for (const auto& row : rows_) rows.push_back({row.row, row.bytes.data()});
    const auto result = fec::decode(fec::fast_kernel(), symbols, missing, rows, bytes);
    return static_cast<std::uint32_t>(result.missing_rank);
}

ByteSpan GroupBuffer::block_bytes(BlockIndex block) const {
    const std::size_t start =
        std::size_t{layout_.first_symbol_in_group(group_, block)} * layout_.symbol_bytes();
    return ByteSpan(symbols_).subspan(start, layout_.block_length_bytes(block));
}

MutableByteSpan GroupBuffer::block_bytes(BlockIndex block) {
    const std::size_t start =
        std::size_t{layout_.first_symbol_in_group(group_, block)} * layout_.symbol_bytes();
    return MutableByteSpan(symbols_).subspan(start, layout_.block_length_bytes(block));
}

}  // namespace muster::mcast
