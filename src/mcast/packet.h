// SPDX-License-Identifier: GPL-3.0-or-later
//
// The datagrams of a session, as values and as bytes (docs/protocol.md, "Datagrams").
//
//   clear header, 16 bytes     | sealed body                              | tag
//   ver(3) type(5) | flags | epoch | stream | session u32 | number u64    | ... | 16
//
// Everything is in network order. The header is authenticated but readable, so that a socket can
// sort datagrams without a key. The body is encrypted; seal.h does that, this file only packs and
// unpacks it. Payloads are views into the caller's buffer and live as long as that does.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mcast/layout.h"

namespace muster::mcast {

// Which protocol this program speaks: in the join, and as `ver` in every datagram.
inline constexpr std::uint32_t kProtocolVersion = 1;

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kTagBytes = 16;
// Ethernet, IPv4 and UDP: what a datagram costs on the wire beyond its own length.
inline constexpr std::size_t kLinkOverheadBytes = 14 + 20 + 8;
inline constexpr std::size_t kLinkOverheadBytesV6 = 14 + 40 + 8;

enum class PacketType : std::uint8_t {
    data = 1,
    repair = 2,
    status = 3,
    nak = 4,
    feedback = 5,
    probe = 6
};
inline constexpr std::uint8_t kLastPacketType = 6;

struct Header {
    PacketType type = PacketType::data;
    std::uint8_t flags = 0;
    std::uint8_t epoch = 0;
    std::uint8_t stream = 0;
    std::uint32_t session = 0;
    std::uint64_t packet_number = 0;
};

// One source symbol.
struct DataPacket {
    std::uint32_t symbol = 0;            // Layout::wire_symbol
    ByteSpan payload;                    // symbol_bytes; empty in a simulation without bytes
    std::uint8_t group_blocks_log2 = 0;  // of its group, 0 .. 7; travels in the header's flags
};

// One repair symbol: row `row` of the code over the group that begins at `start_block`.
struct RepairPacket {
    std::uint32_t start_block = 0;
    std::uint8_t group_blocks_log2 = 0;
    std::uint32_t row = 0;
    ByteSpan payload;
    GroupId group() const { return {start_block, group_blocks_log2}; }
};

// What the sender says of a group whose source symbols have all been sent: rows sent so far, and
// up to which row it will send because somebody asked. Whoever needs no more stays silent.
struct GroupAdvert {
    std::uint32_t start_block = 0;
    std::uint32_t rows_sent = 0;
    std::uint32_t rows_target = 0;  // at most 65535 above rows_sent
    std::uint8_t group_blocks_log2 = 0;
    GroupId group() const { return {start_block, group_blocks_log2}; }
};
inline constexpr std::size_t kMaxAdverts = 64;

enum class StreamState : std::uint8_t { running = 1, drained = 2, ended = 3 };

struct StatusPacket {
    std::uint64_t sent_at_us = 0;  // the sender's clock, for delay differences only
    StreamState state = StreamState::running;
    std::uint16_t poll = 0;          // drained: a new number asks every member for a report
    std::uint32_t cursor_block = 0;  // where the carousel is
    std::uint32_t rate_kbps = 0;
    std::uint32_t members = 0;      // N_est of the feedback timer
    std::uint16_t backoff_ms = 10;  // T_b of the feedback timer
    std::uint16_t grtt_ms = 2;      // greatest round trip time, rounded up
    std::uint16_t worst_loss_per_10k = 0;
    std::uint16_t feedback_period_ms = 0;  // how often a member says how it fares; 0: not at all
    std::vector<GroupAdvert> adverts;      // at most kMaxAdverts
    // The others are done: whoever was ordered away is served now and may come back.
    bool serves_away = false;
};

// "Having seen rows 0 .. rows_seen-1 of this group go by, I still miss `deficit` symbols."
struct NakEntry {
    std::uint32_t start_block = 0;
    std::uint32_t rows_seen = 0;
    std::uint16_t deficit = 0;
    std::uint8_t group_blocks_log2 = 0;
    GroupId group() const { return {start_block, group_blocks_log2}; }
};
inline constexpr std::size_t kMaxNakEntries = 32;

struct NakPacket {
    std::uint32_t member = 0;
    std::uint64_t highest_seen =
        0;  // packet number; older NAKs than a group's last resend are void
    std::uint16_t loss_per_10k = 0;
    std::vector<NakEntry> entries;  // at most kMaxNakEntries
};

// How a member fares. Counters run from its join, so that a lost one costs nothing: the sender
// takes differences.
struct FeedbackPacket {
    std::uint32_t member = 0;
    std::uint64_t echoed_us = 0;  // sent_at_us of the last STATUS ...
    std::uint32_t held_us = 0;    // ... and how long ago it came
    std::uint64_t highest_seen = 0;
    std::uint64_t received = 0;
    std::uint64_t lost = 0;       // in the network: gaps without what the socket dropped
    std::uint64_t loss_runs = 0;  // gaps, however long
    std::uint64_t received_wire_bytes = 0;
    std::uint32_t local_drops = 0;     // by this computer: its socket was full
    std::uint32_t queue_delay_us = 0;  // least one-way delay of the interval above that of 10 s
    std::uint32_t backlog_kib = 0;     // least of the interval that was received, not yet stored
    std::uint32_t sink_kbps = 0;       // what decoding, hashing and storing sustain; 0: unknown
    bool away = false;                 // it is not in the multicast group (MemberOrder)
    bool takes_share = false;          // its sink is slower than the stream: it takes a part of it
};

// As long as a REPAIR with symbols of that size: whoever gets it can take them.
struct ProbePacket {
    std::uint16_t symbol_bytes = 0;
};

using Packet =
    std::variant<DataPacket, RepairPacket, StatusPacket, NakPacket, FeedbackPacket, ProbePacket>;

PacketType packet_type(const Packet& packet);
// Length of the body in bytes when a data or repair packet carries `payload_bytes`.
std::size_t body_bytes(const Packet& packet, std::size_t payload_bytes);

// What the datagram costs on the wire, Ethernet header included.
std::size_t wire_bytes(const Packet& packet, std::size_t payload_bytes);

void encode_header(const Header& header, ByteWriter& out);
// Errc::corrupt: too short, unknown type. Errc::version_mismatch: names both versions.
Result<Header> decode_header(ByteSpan datagram);

// What a packet has in the header's flags; decode_body() takes it from there.
std::uint8_t header_flags(const Packet& packet);
void encode_body(const Packet& packet, ByteSpan payload, ByteWriter& out);
// Errc::corrupt with what is wrong; a payload of any length but payload_bytes is wrong.
Result<Packet> decode_body(PacketType type, ByteSpan body, std::size_t payload_bytes,
                           std::uint8_t flags = 0);

}  // namespace muster::mcast
