// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/packet.h"

#include <string>

namespace muster::mcast {

namespace {

constexpr std::size_t kDataFixedBytes = 4;
constexpr std::size_t kRepairFixedBytes = 12;
constexpr std::size_t kStatusFixedBytes = 36;
constexpr std::uint8_t kServesAway = 1;  // in the flags of STATUS
constexpr std::uint16_t kAway = 1;       // of FEEDBACK
constexpr std::uint16_t kTakesShare = 2;
constexpr std::size_t kAdvertBytes = 12;
constexpr std::size_t kNakFixedBytes = 16;
constexpr std::size_t kNakEntryBytes = 12;
constexpr std::uint32_t kMaxRowsDue = 65535;
constexpr std::uint8_t kGroupLengthFlags = 7;
constexpr std::size_t kFeedbackBytes = 76;

Error corrupt(const std::string& what) { return {Errc::corrupt, what}; }

void encode(const DataPacket& packet, ByteSpan payload, ByteWriter& out) {
    out.u32(packet.symbol).bytes(payload);
}

void encode(const RepairPacket& packet, ByteSpan payload, ByteWriter& out) {
    out.u32(packet.start_block).u8(packet.group_blocks_log2).u8(0).u16(0).u32(packet.row);
    out.bytes(payload);
}

void encode(const StatusPacket& packet, ByteSpan, ByteWriter& out) {
    CHECK(packet.adverts.size() <= kMaxAdverts);
    out.u64(packet.sent_at_us).u8(static_cast<std::uint8_t>(packet.state));
    out.u8(packet.serves_away ? kServesAway : 0).u16(packet.poll);
    out.u32(packet.cursor_block).u32(packet.rate_kbps).u32(packet.members);
    out.u16(packet.backoff_ms).u16(packet.grtt_ms).u16(packet.worst_loss_per_10k);
    out.u16(packet.feedback_period_ms);
    out.u16(0).u16(static_cast<std::uint16_t>(packet.adverts.size()));
    for (const auto& advert : packet.adverts) {
        const std::uint32_t rows_due = advert.rows_target - advert.rows_sent;
        CHECK(advert.rows_target >= advert.rows_sent && rows_due <= kMaxRowsDue);
        out.u32(advert.start_block).u32(advert.rows_sent).u8(advert.group_blocks_log2).u8(0);
        out.u16(static_cast<std::uint16_t>(rows_due));
    }
}

void encode(const NakPacket& packet, ByteSpan, ByteWriter& out) {
    CHECK(packet.entries.size() <= kMaxNakEntries);
    out.u32(packet.member).u64(packet.highest_seen).u16(packet.loss_per_10k);
    out.u16(static_cast<std::uint16_t>(packet.entries.size()));
    for (const auto& entry : packet.entries) {
        out.u32(entry.start_block).u32(entry.rows_seen).u16(entry.deficit);
        out.u8(entry.group_blocks_log2).u8(0);
    }
}

void encode(const FeedbackPacket& packet, ByteSpan, ByteWriter& out) {
    const int flags = (packet.away ? kAway : 0) | (packet.takes_share ? kTakesShare : 0);
    out.u32(packet.member)
        .u16(static_cast<std::uint16_t>(flags))
        .u16(0)
        .u64(packet.echoed_us)
        .u32(packet.held_us);
    out.u64(packet.highest_seen).u64(packet.received).u64(packet.lost).u64(packet.loss_runs);
    out.u64(packet.received_wire_bytes).u32(packet.local_drops).u32(packet.queue_delay_us);
    out.u32(packet.backlog_kib).u32(packet.sink_kbps);
}

void encode(const ProbePacket& packet, ByteSpan, ByteWriter& out) {
    out.u16(packet.symbol_bytes);
    for (std::size_t i = 2; i < kRepairFixedBytes + packet.symbol_bytes; ++i) out.u8(0);
}

Status decode(ByteReader in, ProbePacket& packet) {
    const std::size_t length = in.remaining();
    packet.symbol_bytes = in.u16();
    if (in.failed() || length != kRepairFixedBytes + packet.symbol_bytes) {
        return corrupt("PROBE of the wrong length");
    }
    return {};
}

Status decode(ByteReader in, std::size_t payload_bytes, DataPacket& packet) {
    packet.symbol = in.u32();
    packet.payload = in.rest();
    if (in.failed() || packet.payload.size() != payload_bytes) {
        return corrupt("DATA of the wrong length");
    }
    return {};
}

Status decode(ByteReader in, std::size_t payload_bytes, RepairPacket& packet) {
    packet.start_block = in.u32();
    packet.group_blocks_log2 = in.u8();
    in.u8();
    in.u16();
    packet.row = in.u32();
    packet.payload = in.rest();
    if (in.failed() || packet.payload.size() != payload_bytes) {
        return corrupt("REPAIR of the wrong length");
    }
    return {};
}

Status decode(ByteReader in, StatusPacket& packet) {
    packet.sent_at_us = in.u64();
    const std::uint8_t state = in.u8();
    packet.serves_away = (in.u8() & kServesAway) != 0;
    packet.poll = in.u16();
    packet.cursor_block = in.u32();
    packet.rate_kbps = in.u32();
    packet.members = in.u32();
    packet.backoff_ms = in.u16();
    packet.grtt_ms = in.u16();
    packet.worst_loss_per_10k = in.u16();
    packet.feedback_period_ms = in.u16();
    in.u16();
    const std::size_t count = in.u16();
    if (in.failed() || count > kMaxAdverts || in.remaining() != count * kAdvertBytes) {
        return corrupt("STATUS of the wrong length");
    }
    if (state < 1 || state > 3)
        return corrupt("STATUS with unknown state " + std::to_string(state));
    packet.state = static_cast<StreamState>(state);
    for (std::size_t i = 0; i < count; ++i) {
        GroupAdvert advert;
        advert.start_block = in.u32();
        advert.rows_sent = in.u32();
        advert.group_blocks_log2 = in.u8();
        in.u8();
        const std::uint32_t rows_due = in.u16();
        if (rows_due > ~advert.rows_sent) return corrupt("STATUS with rows beyond the last");
        advert.rows_target = advert.rows_sent + rows_due;
        packet.adverts.push_back(advert);
    }
    return {};
}

Status decode(ByteReader in, NakPacket& packet) {
    packet.member = in.u32();
    packet.highest_seen = in.u64();
    packet.loss_per_10k = in.u16();
    const std::size_t count = in.u16();
    if (in.failed() || count > kMaxNakEntries || in.remaining() != count * kNakEntryBytes) {
        return corrupt("NAK of the wrong length");
    }
    for (std::size_t i = 0; i < count; ++i) {
        NakEntry entry;
        entry.start_block = in.u32();
        entry.rows_seen = in.u32();
        entry.deficit = in.u16();
        entry.group_blocks_log2 = in.u8();
        in.u8();
        packet.entries.push_back(entry);
    }
    return {};
}

Status decode(ByteReader in, FeedbackPacket& packet) {
    packet.member = in.u32();
    const std::uint16_t flags = in.u16();
    packet.away = (flags & kAway) != 0;
    packet.takes_share = (flags & kTakesShare) != 0;
    in.u16();
    packet.echoed_us = in.u64();
    packet.held_us = in.u32();
    packet.highest_seen = in.u64();
    packet.received = in.u64();
    packet.lost = in.u64();
    packet.loss_runs = in.u64();
    packet.received_wire_bytes = in.u64();
    packet.local_drops = in.u32();
    packet.queue_delay_us = in.u32();
    packet.backlog_kib = in.u32();
    packet.sink_kbps = in.u32();
    if (in.failed() || in.remaining() != 0) return corrupt("FEEDBACK of the wrong length");
    return {};
}

}  // namespace

PacketType packet_type(const Packet& packet) { return static_cast<PacketType>(packet.index() + 1); }

std::size_t body_bytes(const Packet& packet, std::size_t payload_bytes) {
    switch (packet_type(packet)) {
        case PacketType::data: return kDataFixedBytes + payload_bytes;
        case PacketType::repair: return kRepairFixedBytes + payload_bytes;
        case PacketType::status:
            return kStatusFixedBytes + kAdvertBytes * std::get<StatusPacket>(packet).adverts.size();
        case PacketType::feedback: return kFeedbackBytes;
        case PacketType::probe:
            return kRepairFixedBytes + std::get<ProbePacket>(packet).symbol_bytes;
        case PacketType::nak: break;
    }
    return kNakFixedBytes + kNakEntryBytes * std::get<NakPacket>(packet).entries.size();
}

std::size_t wire_bytes(const Packet& packet, std::size_t payload_bytes) {
    return kLinkOverheadBytes + kHeaderBytes + body_bytes(packet, payload_bytes) + kTagBytes;
}

void encode_header(const Header& header, ByteWriter& out) {
    out.u8(static_cast<std::uint8_t>((kProtocolVersion << 5) |
                                     static_cast<std::uint8_t>(header.type)));
    out.u8(header.flags).u8(header.epoch).u8(header.stream);
    out.u32(header.session).u64(header.packet_number);
}

Result<Header> decode_header(ByteSpan datagram) {
    if (datagram.size() < kHeaderBytes + kTagBytes) return corrupt("datagram too short");
    ByteReader in(datagram);
    const std::uint8_t first = in.u8();
    if ((first >> 5) != kProtocolVersion) {
        return Error(Errc::version_mismatch, "datagram of protocol version " +
                                                 std::to_string(first >> 5) + ", this is version " +
                                                 std::to_string(kProtocolVersion));
    }
    const std::uint8_t type = first & 31;
    if (type < 1 || type > kLastPacketType)
        return corrupt("datagram of unknown type " + std::to_string(type));
    Header header;
    header.type = static_cast<PacketType>(type);
    header.flags = in.u8();
    header.epoch = in.u8();
    header.stream = in.u8();
    header.session = in.u32();
    header.packet_number = in.u64();
    return header;
}

std::uint8_t header_flags(const Packet& packet) {
    const auto* data = std::get_if<DataPacket>(&packet);
    return data == nullptr ? 0 : data->group_blocks_log2 & kGroupLengthFlags;
}

void encode_body(const Packet& packet, ByteSpan payload, ByteWriter& out) {
    std::visit([&](const auto& typed) { encode(typed, payload, out); }, packet);
}

Result<Packet> decode_body(PacketType type, ByteSpan body, std::size_t payload_bytes,
                           std::uint8_t flags) {
    const ByteReader in(body);
    Packet packet;
    switch (type) {
        case PacketType::data: {
            auto& data = packet.emplace<DataPacket>();
            TRY(decode(in, payload_bytes, data));
            data.group_blocks_log2 = flags & kGroupLengthFlags;
            break;
        }
        case PacketType::repair:
            TRY(decode(in, payload_bytes, packet.emplace<RepairPacket>()));
            break;
        case PacketType::status: TRY(decode(in, packet.emplace<StatusPacket>())); break;
        case PacketType::nak: TRY(decode(in, packet.emplace<NakPacket>())); break;
        case PacketType::feedback: TRY(decode(in, packet.emplace<FeedbackPacket>())); break;
        case PacketType::probe: TRY(decode(in, packet.emplace<ProbePacket>())); break;
        default: return corrupt("datagram of unknown type");
    }
    return packet;
}

}  // namespace muster::mcast
