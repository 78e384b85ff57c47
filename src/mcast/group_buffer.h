// SPDX-License-Identifier: GPL-3.0-or-later
//
// The bytes of one open repair group at a receiver: room for every source symbol of the group in
// order (so that a block is contiguous and can be hashed and written where it lies) and for the
// repair rows that came. Which of them are filled, the receiver core knows; this is only memory
// and the arithmetic on it. A padded last symbol stays padded: block_bytes() has the real length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "mcast/layout.h"

namespace muster::mcast {

class GroupBuffer {
public:
    GroupBuffer(const Layout& layout, GroupId group);

    void store_symbol(std::uint32_t symbol_in_group, ByteSpan payload);
    void store_row(std::uint32_t row, ByteSpan payload);
    void drop_rows() { rows_.clear(); }

    // Blocks whose bytes are neither here nor missing: verified in an earlier run, they must be
    // loaded (block_bytes(), then mark_loaded()) before a decode.
    std::vector<BlockIndex> blocks_to_load(std::span<const std::uint32_t> missing) const;
    void mark_loaded(BlockIndex block);

    // Reconstructs the missing symbols (positions in the group, ascending) from everything else
    // and the rows. 0: done. Otherwise nothing was touched and so many more independent rows are
    // needed.
    std::uint32_t decode(std::span<const std::uint32_t> missing);

    ByteSpan block_bytes(BlockIndex block) const;
    MutableByteSpan block_bytes(BlockIndex block);
    GroupId group() const { return group_; }

private:
    struct Row {
        std::uint32_t row = 0;
        Bytes bytes;
    };
    const Layout& layout_;
    GroupId group_;
    Bytes symbols_;
    std::vector<bool> filled_;
    std::vector<Row> rows_;
};

}  // namespace muster::mcast
