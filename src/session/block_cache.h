// SPDX-License-Identifier: GPL-3.0-or-later
//
// Source symbols of a content, read from it block by block. Interleaved groups are sent symbol by
// symbol in turn, so as many blocks as there may be groups in a batch are at hand, and the next of
// each.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "session/content_source.h"

namespace muster::session {

class BlockCache {
public:
    explicit BlockCache(std::shared_ptr<const ContentSource> source) : source_(std::move(source)) {}

    // The view holds until sixteen other blocks were asked for.
    Result<ByteSpan> symbol(const mcast::Layout& layout, std::uint32_t wire_symbol);

private:
    struct Slot {
        std::optional<mcast::BlockIndex> block;
        Bytes bytes;
    };
    std::shared_ptr<const ContentSource> source_;
    std::array<Slot, 16> slots_;
    std::size_t oldest_ = 0;
};

}  // namespace muster::session
