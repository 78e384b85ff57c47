// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/open_group.h"

#include <algorithm>

#include "base/check.h"

namespace muster::mcast {

OpenGroup::OpenGroup(const Layout& layout, GroupId group, const content::BlockSet& verified)
    : layout_(layout), group_(group) {
    const BlockIndex first = layout.first_block(group);
    for (BlockIndex block = first; block < layout.end_block(group); ++block) {
        const std::uint32_t symbols = layout.symbols_in_block(block);
        const bool had = verified.test(block.value);
        has_.insert(has_.end(), symbols, had);
        missing_in_block_.push_back(static_cast<std::uint16_t>(had ? 0 : symbols));
        blocks_.push_back({.ordered = had, .repaired = false, .verified = had});
        missing_ += had ? 0 : symbols;
    }
}

bool OpenGroup::add_source(std::uint32_t symbol_in_group) {
    CHECK(symbol_in_group < has_.size());
    if (has_[symbol_in_group]) return false;
    has_[symbol_in_group] = true;
    --missing_in_block_[symbol_in_group / layout_.symbols_per_block()];
    --missing_;
    ++received_;
    ++sources_received_;
    return true;
}

bool OpenGroup::add_row(std::uint32_t row) {
    saw_rows(row + 1);
    const auto place = std::lower_bound(rows_.begin(), rows_.end(), row);
    if (place != rows_.end() && *place == row) return false;
    rows_.insert(place, row);
    ++received_;
    return true;
}

void OpenGroup::saw_rows(std::uint32_t rows_sent) { rows_seen_ = std::max(rows_seen_, rows_sent); }

bool OpenGroup::has_all_of(BlockIndex block) const {
    return missing_in_block_[block.value - layout_.first_block(group_).value] == 0;
}

std::uint32_t OpenGroup::deficit() const {
    const auto held = static_cast<std::uint32_t>(rows_.size());
    if (missing_ == 0) return 0;
    return missing_ + extra_rows_ > held ? missing_ + extra_rows_ - held : 0;
}

std::vector<std::uint32_t> OpenGroup::missing_symbols() const {
    std::vector<std::uint32_t> list;
    list.reserve(missing_);
    for (std::uint32_t i = 0; i < has_.size(); ++i) {
        if (!has_[i]) list.push_back(i);
    }
    return list;
}

void OpenGroup::on_decoded() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (missing_in_block_[i] > 0) blocks_[i].repaired = true;
        missing_in_block_[i] = 0;
    }
    std::fill(has_.begin(), has_.end(), true);
    missing_ = 0;
}

void OpenGroup::on_block_had(BlockIndex block) {
    const std::uint32_t index = block.value - layout_.first_block(group_).value;
    const auto first = has_.begin() + layout_.first_symbol_in_group(group_, block);
    std::fill(first, first + layout_.symbols_in_block(block), true);
    missing_ -= missing_in_block_[index];
    missing_in_block_[index] = 0;
    blocks_[index].ordered = blocks_[index].verified = true;
}

OpenGroup::BlockState& OpenGroup::block_state(BlockIndex block) {
    return blocks_[block.value - layout_.first_block(group_).value];
}

bool OpenGroup::all_verified() const {
    return std::all_of(blocks_.begin(), blocks_.end(), [](const auto& b) { return b.verified; });
}

}  // namespace muster::mcast
