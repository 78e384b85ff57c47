// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/layout.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace muster::mcast {

namespace {
std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }
}  // namespace

Result<Layout> Layout::create(const LayoutOptions& options) {
    auto wrong = [](const std::string& what) { return Error(Errc::invalid_argument, what); };
    if (options.image_bytes == 0) return wrong("image of 0 bytes: there is nothing to send");
    if (options.manifest_bytes == 0) return wrong("manifest of 0 bytes");
    if (options.symbol_bytes == 0 || options.block_bytes == 0 ||
        options.block_bytes % options.symbol_bytes != 0) {
        return wrong("symbol size " + std::to_string(options.symbol_bytes) +
                     " does not divide the block size " + std::to_string(options.block_bytes));
    }
    if (options.stretch_blocks_log2 > kMaxStretchBlocksLog2) return wrong("repair group too long");
    const std::uint64_t per_block = options.block_bytes / options.symbol_bytes;
    if ((per_block << options.stretch_blocks_log2) > kMaxGroupSymbols) {
        return wrong("repair group of more than " + std::to_string(kMaxGroupSymbols) + " symbols");
    }
    constexpr std::uint64_t kMaxObjectBytes = 1ULL << 47;
    const auto blocks_of = [&](std::uint64_t bytes) {
        return divide_up(bytes, options.block_bytes);
    };
    if (options.image_bytes > kMaxObjectBytes || options.manifest_bytes > kMaxObjectBytes ||
        (blocks_of(options.image_bytes) + blocks_of(options.manifest_bytes)) * per_block >=
            (1ULL << 32)) {
        return wrong("image too large: more symbols than 32 bits can number");
    }
    return Layout(options);
}

Result<Layout> Layout::with_symbol_bytes(std::uint16_t symbol_bytes) const {
    LayoutOptions options = options_;
    options.symbol_bytes = symbol_bytes;
    return create(options);
}

Layout::Layout(const LayoutOptions& options) : options_(options) {
    auto count = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    symbols_per_block_ = options.block_bytes / options.symbol_bytes;
    manifest_blocks_ = count(divide_up(options.manifest_bytes, options.block_bytes));
    const auto image_blocks = count(divide_up(options.image_bytes, options.block_bytes));
    block_count_ = manifest_blocks_ + image_blocks;
    const std::uint8_t stretch_log2 = options.stretch_blocks_log2;
    unit_log2_ = stretch_log2 > kUnitsPerStretchLog2 ? stretch_log2 - kUnitsPerStretchLog2 : 0;
    const std::uint32_t stretch_blocks = 1u << stretch_log2;
    const std::uint32_t unit_blocks = 1u << unit_log2_;
    manifest_stretches_ = count(divide_up(manifest_blocks_, stretch_blocks));
    stretch_count_ = manifest_stretches_ + count(divide_up(image_blocks, stretch_blocks));
    manifest_units_ = count(divide_up(manifest_blocks_, unit_blocks));
    unit_count_ = manifest_units_ + count(divide_up(image_blocks, unit_blocks));
}

std::uint64_t Layout::symbol_count() const {
    return divide_up(options_.manifest_bytes, options_.symbol_bytes) +
           divide_up(options_.image_bytes, options_.symbol_bytes);
}

std::uint32_t Layout::index_in_object(BlockIndex block) const {
    return is_manifest(block) ? block.value : block.value - manifest_blocks_;
}

std::uint32_t Layout::block_length_bytes(BlockIndex block) const {
    CHECK(block.value < block_count_);
    const std::uint64_t object =
        is_manifest(block) ? options_.manifest_bytes : options_.image_bytes;
    const std::uint64_t start = std::uint64_t{index_in_object(block)} * options_.block_bytes;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(options_.block_bytes, object - start));
}

std::uint32_t Layout::symbols_in_block(BlockIndex block) const {
    return static_cast<std::uint32_t>(divide_up(block_length_bytes(block), options_.symbol_bytes));
}

bool Layout::is_group(GroupId group) const {
    if (group.start_block >= block_count_) return false;
    return group == group_of(BlockIndex(group.start_block), group.blocks_log2);
}

GroupId Layout::group_of(BlockIndex block, std::uint8_t blocks_log2) const {
    CHECK(block.value < block_count_);
    const std::uint8_t log2 = is_manifest(block)
                                  ? longest_group_log2()
                                  : std::clamp(blocks_log2, unit_log2_, longest_group_log2());
    const std::uint32_t in_group = index_in_object(block) & ((1u << log2) - 1);
    return {block.value - in_group, log2};
}

BlockIndex Layout::end_block(GroupId group) const {
    const std::uint32_t object_end = is_manifest(group) ? manifest_blocks_ : block_count_;
    return BlockIndex(std::min(object_end, group.start_block + (1u << group.blocks_log2)));
}

std::uint32_t Layout::blocks_in_group(GroupId group) const {
    return end_block(group).value - group.start_block;
}

std::uint32_t Layout::symbols_in_group(GroupId group) const {
    const BlockIndex last(end_block(group).value - 1);
    return (last.value - group.start_block) * symbols_per_block_ + symbols_in_block(last);
}

StretchIndex Layout::stretch_of(BlockIndex block) const {
    const std::uint32_t base = is_manifest(block) ? 0 : manifest_stretches_;
    return StretchIndex(base + (index_in_object(block) >> options_.stretch_blocks_log2));
}

BlockIndex Layout::end_of_stretch(BlockIndex block) const {
    return end_block(group_of(block, longest_group_log2()));
}

UnitIndex Layout::unit_of(BlockIndex block) const {
    const std::uint32_t base = is_manifest(block) ? 0 : manifest_units_;
    return UnitIndex(base + (index_in_object(block) >> unit_log2_));
}

BlockIndex Layout::first_block(UnitIndex unit) const {
    if (unit.value < manifest_units_) return BlockIndex(unit.value << unit_log2_);
    return BlockIndex(manifest_blocks_ + ((unit.value - manifest_units_) << unit_log2_));
}

BlockIndex Layout::end_block(UnitIndex unit) const {
    const BlockIndex first = first_block(unit);
    const std::uint32_t object_end = is_manifest(first) ? manifest_blocks_ : block_count_;
    return BlockIndex(std::min(object_end, first.value + (1u << unit_log2_)));
}

UnitIndex Layout::end_unit(GroupId group) const {
    return UnitIndex(unit_of(BlockIndex(end_block(group).value - 1)).value + 1);
}

bool Layout::is_symbol(std::uint32_t wire_symbol) const {
    const BlockIndex block = block_of(wire_symbol);
    return block.value < block_count_ && symbol_in_block(wire_symbol) < symbols_in_block(block);
}

std::uint32_t Layout::first_symbol_in_group(GroupId group, BlockIndex block) const {
    return (block.value - group.start_block) * symbols_per_block_;
}

}  // namespace muster::mcast
