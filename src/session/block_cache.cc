// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/block_cache.h"

#include <algorithm>

namespace muster::session {

Result<ByteSpan> BlockCache::symbol(const mcast::Layout& layout, std::uint32_t wire_symbol) {
    const mcast::BlockIndex block = layout.block_of(wire_symbol);
    auto slot =
        std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.block == block; });
    if (slot == slots_.end()) {
        slot = slots_.begin() + static_cast<std::ptrdiff_t>(oldest_);
        slot->block.reset();
        slot->bytes.resize(layout.options().block_bytes);
        const std::size_t bytes =
            std::size_t{layout.symbols_in_block(block)} * layout.symbol_bytes();
        TRY(source_->read(block, MutableByteSpan(slot->bytes).first(bytes)));
        slot->block = block;
        oldest_ = (oldest_ + 1) % slots_.size();
    }
    return ByteSpan(slot->bytes)
        .subspan(std::size_t{layout.symbol_in_block(wire_symbol)} * layout.symbol_bytes(),
                 layout.symbol_bytes());
}

}  // namespace muster::session
