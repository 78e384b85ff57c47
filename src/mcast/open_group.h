// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a receiver knows of one repair group it is collecting: which source symbols and rows it
// has, how many rows it saw go by, and so how many symbols it still misses. Symbols of blocks that
// were verified earlier count as had: their bytes are on the disk and come back for a decode.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "content/block_set.h"
#include "mcast/layout.h"

namespace muster::mcast {

class OpenGroup {
public:
    // `verified` is asked once, for the blocks this group already has.
    OpenGroup(const Layout& layout, GroupId group, const content::BlockSet& verified);

    // False: had it already.
    bool add_source(std::uint32_t symbol_in_group);
    bool add_row(std::uint32_t row);
    void saw_rows(std::uint32_t rows_sent);

    bool has_all_of(BlockIndex block) const;
    // Symbols missing, rows held, and how many more are needed than rows are held.
    std::uint32_t missing() const { return missing_; }
    std::uint32_t deficit() const;
    std::uint32_t rows_seen() const { return rows_seen_; }
    std::uint32_t received() const { return received_; }
    std::uint32_t sources_received() const { return sources_received_; }
    bool can_decode() const { return missing_ > 0 && deficit() == 0; }
    std::vector<std::uint32_t> missing_symbols() const;
    // A decode that lacked rank needs so many rows more than it had.
    void on_rank_missing(std::uint32_t rows) { extra_rows_ += rows; }
    void on_decoded();
    // The block came another way and is stored: none of its symbols is missing any more.
    void on_block_had(BlockIndex block);

    GroupId group() const { return group_; }

    // Bookkeeping of the receiver, by block of the group: its check was ordered; it was decoded.
    struct BlockState {
        bool ordered = false;
        bool repaired = false;
        bool verified = false;
    };
    BlockState& block_state(BlockIndex block);
    bool decoding = false;
    bool all_verified() const;

    struct NakTimer {
        std::optional<TimePoint> due;
        TimePoint not_before{};
        std::uint32_t sent_in_a_row = 0;
        std::uint32_t rows_seen_at_last = 0;
    };
    NakTimer nak;

private:
    const Layout& layout_;
    GroupId group_;
    std::vector<bool> has_;
    std::vector<std::uint16_t> missing_in_block_;
    std::vector<BlockState> blocks_;
    std::vector<std::uint32_t> rows_;  // ascending; they mostly come in order
    std::uint32_t missing_ = 0;
    std::uint32_t received_ = 0;
    std::uint32_t sources_received_ = 0;
    std::uint32_t rows_seen_ = 0;
    std::uint32_t extra_rows_ = 0;
};

}  // namespace muster::mcast
