// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/forger.h"

#include <algorithm>

namespace muster::sim {

Forger::Forger(World& world, Prng prng) : world_(world), prng_(prng) {}

Frame Forger::forge() {
    Frame frame;
    frame.datagram =
        world_.options.forger.has_group_key && prng_.chance(0.8) ? from_inside() : from_outside();
    mcast::Header header;
    if (auto decoded = mcast::decode_header(frame.datagram); decoded.ok()) header = *decoded;
    frame.packet_number = header.packet_number;
    frame.wire_bytes = frame.datagram.size() + mcast::kLinkOverheadBytes;
    return frame;
}

Bytes Forger::from_outside() {
    Bytes bytes = last_.datagram;
    switch (prng_.below(5)) {
        case 0:
            bytes.resize(prng_.below(1500));
            for (auto& byte : bytes) byte = static_cast<std::byte>(prng_.next());
            break;
        case 1: bytes.resize(prng_.below(bytes.size() + 1)); break;
        case 2: bytes.resize(bytes.size() + 1 + prng_.below(64)); break;
        case 3:
            if (!bytes.empty()) bytes[prng_.below(bytes.size())] ^= std::byte{0x40};
            break;
        default:
            if (bytes.size() > mcast::kHeaderBytes) bytes[4] ^= std::byte{1};  // the session
    }
    return bytes;
}

mcast::Packet Forger::false_packet(ByteSpan payload) {
    const auto& layout = world_.content.layout();
    const mcast::BlockIndex block(static_cast<std::uint32_t>(prng_.below(layout.block_count())));
    const auto log2 = static_cast<std::uint8_t>(
        layout.shortest_group_log2() +
        prng_.below(layout.longest_group_log2() - layout.shortest_group_log2() + 1));
    const auto word = [this] { return static_cast<std::uint32_t>(prng_.next()); };
    if (prng_.chance(0.5)) {
        const auto symbol = static_cast<std::uint32_t>(prng_.below(layout.symbols_in_block(block)));
        return mcast::DataPacket{layout.wire_symbol(block, symbol), payload, log2};
    }
    const mcast::GroupId group = layout.group_of(block, log2);
    if (prng_.chance(0.5)) {
        const std::uint32_t row = prng_.chance(0.5) ? word() : word() % 100;
        return mcast::RepairPacket{group.start_block, group.blocks_log2, row, payload};
    }
    mcast::StatusPacket status;
    status.state = static_cast<mcast::StreamState>(1 + prng_.below(3));
    status.poll = static_cast<std::uint16_t>(word());
    status.members = word();
    status.backoff_ms = static_cast<std::uint16_t>(word());
    status.grtt_ms = static_cast<std::uint16_t>(word());
    status.worst_loss_per_10k = static_cast<std::uint16_t>(word());
    const std::uint32_t rows = word() / 2;
    status.adverts.push_back({group.start_block, rows, rows + word() % 65536, group.blocks_log2});
    status.adverts.push_back({word(), rows, rows, static_cast<std::uint8_t>(word())});
    return status;
}

// Not before the secret that it knows.
std::uint64_t Forger::near_number() {
    return std::max(last_.packet_number + prng_.below(40),
                    world_.group_secret.step * world_.options.epoch_packets);
}

// As far as a receiver would follow, a little further, or anywhere.
std::uint64_t Forger::false_number() {
    const std::uint64_t steps = prng_.below(2 * mcast::GroupOpener::kMaxStepsAtOnce);
    return near_number() + prng_.below(steps * world_.options.epoch_packets + 1);
}

Bytes Forger::from_inside() {
    Bytes payload(world_.content.layout().symbol_bytes());
    for (auto& byte : payload) byte = static_cast<std::byte>(prng_.next());
    const mcast::Packet packet = false_packet(payload);
    const bool carries = mcast::packet_type(packet) != mcast::PacketType::status;
    // Numbers the sender is about to use: the real datagram will then pass for a replay. A new
    // sealer each time, for who forges does not mind using a number twice. Or any number at all.
    const std::uint64_t number = prng_.chance(0.1) ? false_number() : near_number();
    mcast::GroupSealer sealer(world_.session, 0, world_.options.epoch_packets, world_.group_secret);
    Bytes datagram(mcast::kHeaderBytes + mcast::body_bytes(packet, payload.size()) +
                   mcast::kTagBytes);
    sealer.seal(number, packet, carries ? ByteSpan(payload) : ByteSpan(), datagram);
    return datagram;
}

}  // namespace muster::sim
