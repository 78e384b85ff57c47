// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/row_encoder.h"

#include "fec/encoder.h"

namespace muster::session {

Result<const Bytes*> RowEncoder::load(const mcast::Layout& layout, mcast::GroupId group) {
    for (const auto& loaded : loaded_) {
        if (loaded.group == group) return &loaded.symbols;
    }
    const std::size_t symbol_bytes = layout.symbol_bytes();
    Bytes symbols(layout.symbols_in_group(group) * symbol_bytes);
    for (auto block = layout.first_block(group); block < layout.end_block(group); ++block) {
        const auto piece = MutableByteSpan(symbols).subspan(
            layout.first_symbol_in_group(group, block) * symbol_bytes,
            layout.symbols_in_block(block) * symbol_bytes);
        TRY(source_->read(block, piece));
    }
    if (loaded_.size() == kGroupsKept) loaded_.pop_front();
    loaded_.push_back({group, std::move(symbols)});
    return &loaded_.back().symbols;
}

Result<std::vector<Bytes>> RowEncoder::rows(const mcast::Layout& layout, mcast::GroupId group,
                                            std::uint32_t first, std::uint32_t count) {
    const Bytes* data = TRY(load(layout, group));
    const std::size_t symbol_bytes = layout.symbol_bytes();
    std::vector<const std::byte*> symbols;
    for (std::size_t at = 0; at < data->size(); at += symbol_bytes) {
        symbols.push_back(data->data() + at);
    }
    std::vector<Bytes> rows(count, Bytes(symbol_bytes));
    std::vector<std::byte*> out;
    for (auto& row : rows) out.push_back(row.data());
    fec::encode_rows(fec::fast_kernel(), symbols, symbol_bytes, first, out);
    return rows;
}

}  // namespace muster::session
