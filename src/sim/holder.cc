// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/holder.h"

#include <algorithm>

namespace muster::sim {

using mcast::BlockIndex;
using mcast::GroupId;

namespace {
constexpr Duration kFetchTime = std::chrono::milliseconds(50);
}

std::uint64_t Holder::bytes_of(BlockIndex block) const {
    const auto& layout = world_.content.layout();
    return std::uint64_t{layout.symbols_in_block(block)} * layout.symbol_bytes();
}

void Holder::answer(std::uint64_t bytes, std::function<void(mcast::Receiver&, TimePoint)> what) {
    TimePoint done = world_.queue.now() + options_.work_time;
    if (options_.sink_bits_per_second > 0) {
        sink_busy_until_ = std::max(sink_busy_until_, world_.queue.now()) +
                           from_seconds(8 * static_cast<double>(bytes) /
                                        static_cast<double>(options_.sink_bits_per_second));
        done = std::max(done, sink_busy_until_);
    }
    // At once, and then without on_answered: the caller is the receiver itself, still at work.
    if (done == world_.queue.now()) return what(*receiver_, clock_());
    answer_later(done - world_.queue.now(), std::move(what));
}

void Holder::answer_later(Duration wait, std::function<void(mcast::Receiver&, TimePoint)> what) {
    const auto then = [this, what = std::move(what), alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        what(*receiver_, clock_());
        on_answered_();
    };
    world_.queue.at(world_.queue.now() + wait, then);
}

// ---- bytes ----

mcast::GroupBuffer& BytesHolder::buffer(GroupId group) {
    return buffers_.try_emplace(group, world_.content.layout(), group).first->second;
}

ByteSpan BytesHolder::on_disk(BlockIndex block) const {
    const auto& layout = world_.content.layout();
    const std::size_t start =
        std::size_t{layout.index_in_object(block)} * layout.options().block_bytes;
    return ByteSpan(disk_.image).subspan(start, layout.block_length_bytes(block));
}

void BytesHolder::store_symbol(GroupId group, std::uint32_t symbol, ByteSpan payload) {
    buffer(group).store_symbol(symbol, payload);
}

void BytesHolder::store_row(GroupId group, std::uint32_t row, ByteSpan payload) {
    buffer(group).store_row(row, payload);
}

void BytesHolder::decode(GroupId group, std::vector<std::uint32_t> missing) {
    auto& bytes = buffer(group);
    for (BlockIndex block : bytes.blocks_to_load(missing)) {
        const ByteSpan stored = on_disk(block);
        std::copy(stored.begin(), stored.end(), bytes.block_bytes(block).begin());
        bytes.mark_loaded(block);
    }
    const std::uint32_t missing_rank = bytes.decode(missing);
    answer(0, [group, missing_rank](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_decoded(now, group, missing_rank);
    });
}

void BytesHolder::check_block(GroupId group, BlockIndex block) {
    const auto& layout = world_.content.layout();
    const ByteSpan bytes = buffer(group).block_bytes(block);
    const bool ok = disk_.manifest->verify_block(layout.index_in_object(block), bytes);
    if (ok) {
        const ByteSpan truth = world_.content.block(block);
        if (!std::equal(bytes.begin(), bytes.end(), truth.begin(), truth.end())) {
            world_.violation("wrong bytes passed for verified in block " +
                             std::to_string(block.value));
        }
        store(block, bytes);
    }
    answer(bytes_of(block), [block, ok](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_block_checked(now, block, ok);
    });
}

void BytesHolder::store(BlockIndex block, ByteSpan bytes) {
    const ByteSpan place = on_disk(block);
    std::copy(bytes.begin(), bytes.end(),
              disk_.image.begin() + (place.data() - disk_.image.data()));
    disk_.order.push_back(block);
}

void BytesHolder::fetch(BlockIndex block) {
    answer_later(kFetchTime, [this, block](mcast::Receiver& receiver, TimePoint now) {
        const auto& layout = world_.content.layout();
        if (receiver.verified().test(block.value)) return;
        if (!layout.is_manifest(block)) {
            store(block, world_.content.block(block));
            return receiver.on_block_fetched(now, block);
        }
        Bytes encoded;
        for (BlockIndex b(0); layout.is_manifest(b); ++b) {
            const ByteSpan bytes = world_.content.block(b);
            encoded.insert(encoded.end(), bytes.begin(), bytes.end());
        }
        disk_.manifest = *content::Manifest::decode(encoded, world_.content.descriptor());
        disk_.has_manifest = true;
        receiver.on_manifest_fetched(now);
    });
}

void BytesHolder::check_manifest() {
    const auto& layout = world_.content.layout();
    Bytes encoded;
    for (BlockIndex block(0); layout.is_manifest(block); ++block) {
        const ByteSpan bytes = buffer(layout.manifest_group_of(block)).block_bytes(block);
        encoded.insert(encoded.end(), bytes.begin(), bytes.end());
    }
    auto manifest = content::Manifest::decode(encoded, world_.content.descriptor());
    const bool ok = manifest.ok();
    if (ok) {
        disk_.manifest = std::move(manifest).value();
        disk_.has_manifest = true;
    }
    answer(0, [ok](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_manifest_checked(now, ok);
    });
}

// ---- identities ----

void IdentityHolder::decode(GroupId group, std::vector<std::uint32_t>) {
    const std::uint32_t missing_rank = prng_.below(255) == 0 ? 1 : 0;
    answer(0, [group, missing_rank](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_decoded(now, group, missing_rank);
    });
}

void IdentityHolder::check_block(GroupId, BlockIndex block) {
    disk_.order.push_back(block);
    answer(bytes_of(block), [block](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_block_checked(now, block, true);
    });
}

void IdentityHolder::check_manifest() {
    disk_.has_manifest = true;
    answer(0, [](mcast::Receiver& receiver, TimePoint now) {
        receiver.on_manifest_checked(now, true);
    });
}

}  // namespace muster::sim
