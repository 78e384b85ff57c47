// SPDX-License-Identifier: GPL-3.0-or-later
//
// The receiver's side of blocks that multicast did not bring: they count as verified and are
// reported like all others, and a group that is being collected needs their symbols no more.
#include "mcast/receiver.h"

namespace muster::mcast {

// Nothing of it is taken from the group any more, where its blocks can come another way.
void Receiver::distrust(GroupId index) {
    restart_group(index);
    if (!options_.fetches) return;
    const std::uint32_t end = layout_.end_block(index).value;
    for (std::uint32_t b = layout_.first_block(index).value; b < end; ++b) {
        if (verified_.test(b) || distrusted_.test(b)) continue;
        distrusted_.set(b);
        if (!layout_.is_manifest(index) || b == 0) mediator_.fetch(BlockIndex(b));
    }
}

void Receiver::on_block_fetched(TimePoint, BlockIndex block) {
    if (finished_ || verified_.test(block.value)) return;
    verified_.set(block.value);
    unreported_.add(block.value);
    ++counters_.blocks_verified;
    ++counters_.unicast_blocks;
    counters_.unicast_bytes += layout_.block_length_bytes(block);
    const auto group = grouping_.group_of(block);
    auto it = group ? groups_.find(*group) : groups_.end();
    if (it == groups_.end()) return;
    it->second.on_block_had(block);
    maybe_decode(it->second);
    maybe_close(*group);
}

void Receiver::on_manifest_fetched(TimePoint now) {
    for (std::uint32_t b = 0; b < layout_.manifest_blocks(); ++b) {
        if (verified_.test(b)) continue;
        ++counters_.unicast_blocks;
        counters_.unicast_bytes += layout_.block_length_bytes(BlockIndex(b));
    }
    on_manifest_checked(now, true);
}

void Receiver::set_delivery(TimePoint now, Delivery delivery, const std::string& why) {
    if (delivery_ == delivery && delivery_why_ == why) return;
    delivery_ = delivery;
    delivery_why_ = why;
    next_report_ = now;
}

bool Receiver::is_nearly_whole(BlockIndex block) const {
    const auto group = grouping_.group_of(block);
    const auto it = group ? groups_.find(*group) : groups_.end();
    return it != groups_.end() && it->second.deficit() < layout_.symbols_in_group(*group) / 4;
}

}  // namespace muster::mcast
