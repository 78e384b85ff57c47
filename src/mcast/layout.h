// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a session's content is cut up. A session carries two objects in one numbering: the manifest
// (leaf hashes) first, then the image. Both are cut into blocks, the unit of hashing and of the
// want-map; a block into symbols, one per datagram; and consecutive blocks form a repair group,
// within which a repair symbol can stand in for any source symbol that was lost.
//
//   blocks      | 0 .. manifest_blocks-1 | manifest_blocks .. block_count-1 |
//   stretches   | aligned in each object, 2^stretch_blocks_log2 blocks each |
//   groups      | a stretch each         | a stretch, its halves, its quarters or its eighths |
//
// How long the groups of a stretch of the image are, the sender decides when it first sends it
// (group_plan.h); so a group is named by where it begins and how long it is. An eighth of a
// stretch, the shortest group, is called a unit: what is counted by unit fits any split.
//
// The last block of each object is short: it has only the symbols its bytes need, and the last
// symbol is padded with zeros on the wire. Groups never span the two objects.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "base/strong_id.h"

namespace muster::mcast {

using BlockIndex = StrongId<struct BlockIndexTag>;
using StretchIndex = StrongId<struct StretchIndexTag>;
using UnitIndex = StrongId<struct UnitIndexTag>;

// 2^blocks_log2 blocks from start_block on, fewer at the end of an object. Layout makes them.
struct GroupId {
    std::uint32_t start_block = 0;
    std::uint8_t blocks_log2 = 0;
    constexpr auto operator<=>(const GroupId&) const = default;
};

struct LayoutOptions {
    std::uint64_t image_bytes = 0;
    std::uint64_t manifest_bytes = 0;
    std::uint32_t block_bytes = 90112;
    std::uint16_t symbol_bytes = 1408;     // divides block_bytes
    std::uint8_t stretch_blocks_log2 = 6;  // 64 blocks = 4096 symbols of 1408 bytes
    bool operator==(const LayoutOptions&) const = default;
};

inline constexpr std::uint8_t kMaxStretchBlocksLog2 = 6;
inline constexpr std::uint8_t kUnitsPerStretchLog2 = 3;
inline constexpr std::uint32_t kMaxGroupSymbols = 8192;

class Layout {
public:
    // Errc::invalid_argument: an empty object, a symbol size that does not divide the block size,
    // a stretch longer than kMaxGroupSymbols, or more symbols than 32 bits can number.
    static Result<Layout> create(const LayoutOptions& options);

    // The same blocks in symbols of another size. Errors as create().
    Result<Layout> with_symbol_bytes(std::uint16_t symbol_bytes) const;

    const LayoutOptions& options() const { return options_; }
    std::uint32_t manifest_blocks() const { return manifest_blocks_; }
    std::uint32_t block_count() const { return block_count_; }
    std::uint32_t stretch_count() const { return stretch_count_; }
    std::uint32_t manifest_stretches() const { return manifest_stretches_; }
    std::uint32_t unit_count() const { return unit_count_; }
    std::uint32_t symbols_per_block() const { return symbols_per_block_; }
    std::uint16_t symbol_bytes() const { return options_.symbol_bytes; }
    std::uint64_t symbol_count() const;  // source symbols of both objects

    bool is_manifest(BlockIndex block) const { return block.value < manifest_blocks_; }
    bool is_manifest(GroupId group) const { return group.start_block < manifest_blocks_; }
    // Position of a block within its own object, and its length there.
    std::uint32_t index_in_object(BlockIndex block) const;
    std::uint32_t block_length_bytes(BlockIndex block) const;
    std::uint32_t symbols_in_block(BlockIndex block) const;

    // How long groups are: 2^shortest_group_log2() to 2^longest_group_log2() blocks.
    std::uint8_t longest_group_log2() const { return options_.stretch_blocks_log2; }
    std::uint8_t shortest_group_log2() const { return unit_log2_; }
    // True when these blocks may be a group: what comes from the network is asked this first.
    bool is_group(GroupId group) const;
    // The group of that length that holds the block; of the manifest always the longest.
    GroupId group_of(BlockIndex block, std::uint8_t blocks_log2) const;
    GroupId manifest_group_of(BlockIndex block) const { return group_of(block, 0); }
    BlockIndex first_block(GroupId group) const { return BlockIndex(group.start_block); }
    BlockIndex end_block(GroupId group) const;
    std::uint32_t blocks_in_group(GroupId group) const;
    std::uint32_t symbols_in_group(GroupId group) const;

    // Stretches and units, both numbered through the manifest first and then the image.
    StretchIndex stretch_of(BlockIndex block) const;
    BlockIndex end_of_stretch(BlockIndex block) const;
    UnitIndex unit_of(BlockIndex block) const;
    BlockIndex first_block(UnitIndex unit) const;
    BlockIndex end_block(UnitIndex unit) const;
    UnitIndex end_unit(GroupId group) const;

    // The number a source symbol bears on the wire, and back. block_of() may exceed block_count()
    // and symbol_in_block() symbols_in_block() when the number came from the network: ask first.
    std::uint32_t wire_symbol(BlockIndex block, std::uint32_t symbol) const {
        return block.value * symbols_per_block_ + symbol;
    }
    bool is_symbol(std::uint32_t wire_symbol) const;
    BlockIndex block_of(std::uint32_t wire_symbol) const {
        return BlockIndex(wire_symbol / symbols_per_block_);
    }
    std::uint32_t symbol_in_block(std::uint32_t wire_symbol) const {
        return wire_symbol % symbols_per_block_;
    }
    // Position of a block's first symbol within its group's symbols.
    std::uint32_t first_symbol_in_group(GroupId group, BlockIndex block) const;

private:
    explicit Layout(const LayoutOptions& options);

    LayoutOptions options_;
    std::uint32_t symbols_per_block_ = 0;
    std::uint32_t manifest_blocks_ = 0;
    std::uint32_t block_count_ = 0;
    std::uint8_t unit_log2_ = 0;
    std::uint32_t manifest_stretches_ = 0;
    std::uint32_t stretch_count_ = 0;
    std::uint32_t manifest_units_ = 0;
    std::uint32_t unit_count_ = 0;
};

}  // namespace muster::mcast

template <>
struct std::hash<muster::mcast::GroupId> {
    std::size_t operator()(muster::mcast::GroupId group) const noexcept {
        return std::hash<std::uint64_t>{}((std::uint64_t{group.start_block} << 8) |
                                          group.blocks_log2);
    }
};
