// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a session's content is cut up. A session carries two objects in one numbering: the manifest
// (leaf hashes) first, then the image. Both are cut into blocks, the unit of hashing and of the
// want-map; a block into symbols, one per datagram; and consecutive blocks form a repair group,
// within which a repair symbol can stand in for any source symbol that was lost.
//
//   blocks   | 0 .. manifest_blocks-1 | manifest_blocks .. block_count-1 |
//   groups   | manifest groups        | image groups                     |
//
// The last block of each object is short: it has only the symbols its bytes need, and the last
// symbol is padded with zeros on the wire. Groups never span the two objects.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/strong_id.h"

namespace muster::mcast {

using BlockIndex = StrongId<struct BlockIndexTag>;
using GroupIndex = StrongId<struct GroupIndexTag>;

struct LayoutOptions {
    std::uint64_t image_bytes = 0;
    std::uint64_t manifest_bytes = 0;
    std::uint32_t block_bytes = 90112;
    std::uint16_t symbol_bytes = 1408;   // divides block_bytes
    std::uint8_t group_blocks_log2 = 5;  // 32 blocks = 2048 symbols of 1408 bytes
    bool operator==(const LayoutOptions&) const = default;
};

inline constexpr std::uint8_t kMaxGroupBlocksLog2 = 6;
inline constexpr std::uint32_t kMaxGroupSymbols = 8192;

class Layout {
public:
    // Errc::invalid_argument: an empty object, a symbol size that does not divide the block size,
    // a group longer than kMaxGroupSymbols, or more symbols than 32 bits can number.
    static Result<Layout> create(const LayoutOptions& options);

    const LayoutOptions& options() const { return options_; }
    std::uint32_t manifest_blocks() const { return manifest_blocks_; }
    std::uint32_t block_count() const { return block_count_; }
    std::uint32_t group_count() const { return group_count_; }
    std::uint32_t manifest_groups() const { return manifest_groups_; }
    std::uint32_t symbols_per_block() const { return symbols_per_block_; }
    std::uint16_t symbol_bytes() const { return options_.symbol_bytes; }
    std::uint64_t symbol_count() const;  // source symbols of both objects

    bool is_manifest(BlockIndex block) const { return block.value < manifest_blocks_; }
    bool is_manifest(GroupIndex group) const { return group.value < manifest_groups_; }
    // Position of a block within its own object, and its length there.
    std::uint32_t index_in_object(BlockIndex block) const;
    std::uint32_t block_length_bytes(BlockIndex block) const;
    std::uint32_t symbols_in_block(BlockIndex block) const;

    GroupIndex group_of(BlockIndex block) const;
    BlockIndex first_block(GroupIndex group) const;
    BlockIndex end_block(GroupIndex group) const;
    std::uint32_t blocks_in_group(GroupIndex group) const;
    std::uint32_t symbols_in_group(GroupIndex group) const;

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
    std::uint32_t first_symbol_in_group(BlockIndex block) const;

private:
    explicit Layout(const LayoutOptions& options);

    LayoutOptions options_;
    std::uint32_t symbols_per_block_ = 0;
    std::uint32_t manifest_blocks_ = 0;
    std::uint32_t block_count_ = 0;
    std::uint32_t manifest_groups_ = 0;
    std::uint32_t group_count_ = 0;
};

}  // namespace muster::mcast
