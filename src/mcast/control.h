// SPDX-License-Identifier: GPL-3.0-or-later
//
// What members and sender say to each other over the reliable, authenticated control connection
// (docs/protocol.md, "Control"). These are typed values: the cores make and take them, whoever
// composes the cores carries them (JSON over a WebSocket in production, a queue in the simulator).
//
// A member speaks of blocks by their number in the session (Layout). NAKs are for speed, reports
// for truth: a block leaves the sender's want-map only because a report says it was verified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/interval_set.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "mcast/packet.h"

namespace muster::mcast {

// How many reports a second the sender wants to hear at most, from all members together.
inline constexpr double kReportsPerSecond = 500;

// Given by the sender, never used twice in a run: a computer that comes back is a new member.
using MemberNumber = StrongId<struct MemberNumberTag>;

struct MemberCounters {
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_lost = 0;      // gaps in the packet numbers
    std::uint64_t datagrams_rejected = 0;  // garbage, other sessions, broken seals
    std::uint64_t local_drops = 0;         // lost in this computer: its socket buffer or its memory
    std::uint64_t duplicates = 0;
    std::uint64_t blocks_verified = 0;
    std::uint64_t blocks_repaired = 0;  // of those, with at least one symbol decoded
    std::uint64_t blocks_forged = 0;    // did not match the manifest
    std::uint64_t naks_sent = 0;
    std::uint64_t unicast_blocks = 0;  // verified blocks that came by HTTPS, and their bytes
    std::uint64_t unicast_bytes = 0;
    double loss() const {
        const auto all = datagrams_received + datagrams_lost;
        return all == 0 ? 0 : static_cast<double>(datagrams_lost) / static_cast<double>(all);
    }
};

struct JoinRequest {
    std::uint32_t protocol_version = kProtocolVersion;
    std::string name;  // as people know the computer
    IntervalSet want;  // blocks not yet verified; a want beyond the end is cut off
    bool wants_all = false;
    std::uint32_t open_blocks = 0;  // of how many blocks it can hold groups that are not complete
};

// How blocks reach a member right now: by multicast; by HTTPS from the server, because multicast
// does not reach it; or not at all, because nothing but multicast is allowed.
enum class Delivery { multicast, unicast, waiting };
std::string_view to_string(Delivery delivery);
std::optional<Delivery> delivery_from(std::string_view text);

// Sent about every second, and at once when polled (StatusPacket::poll), when the delivery changed,
// or done.
struct MemberReport {
    IntervalSet verified;  // since the last report
    IntervalSet missed;    // blocks of groups of which nothing came: send their sources again
    std::vector<NakEntry> deficits;  // of open groups, when polled: a NAK that cannot get lost
    std::uint64_t highest_seen = 0;
    std::uint32_t blocks_missing = 0;
    MemberCounters counters;
    Delivery delivery = Delivery::multicast;
    std::string delivery_why;  // of the other two, in words for people
};

// Everything verified (done) or given up (then `failure` says why, in words for people).
struct MemberFinished {
    bool verified = false;
    std::string failure;
    MemberCounters counters;
};

// It has left the multicast group by itself, because most of the stream was lost to it, and waits
// for an order.
struct MemberLeft {
    std::string reason;
};

// The largest probe that came (symbol_probe.h).
struct MemberProbed {
    std::uint16_t symbol_bytes = 0;
};

using MemberMessage = std::variant<JoinRequest, MemberReport, MemberFinished, MemberLeft>;

// Deferred: its requests wait for its turn. Away: out of the group until it is called back.
// Unicast: out of the group, takes the rest by HTTPS.
enum class MemberState { active, deferred, away, unicast, verified, failed, lost };
std::string_view to_string(MemberState state);
// One of the first four: it may still want data.
constexpr bool is_live(MemberState state) { return state < MemberState::verified; }

// From the sender: the session has begun for this member, or is over.
struct SessionStarted {
    std::uint16_t symbol_bytes = 0;
};
struct SessionEnded {
    std::string reason;
};
// Where a member shall take its data from: the multicast group (join it again), nowhere for now
// (leave the group and wait), or the server's blocks by HTTPS (leave the group).
enum class OrderMode { multicast, away, unicast };
std::string_view to_string(OrderMode mode);
std::optional<OrderMode> order_mode_from(std::string_view text);
struct MemberOrder {
    OrderMode mode = OrderMode::multicast;
    std::string reason;  // for people
};
using SessionMessage = std::variant<SessionStarted, SessionEnded, MemberOrder>;

}  // namespace muster::mcast
