// SPDX-License-Identifier: GPL-3.0-or-later
//
// One simulated session: what is sent, over which cables, to whom, and what goes wrong. A run
// depends on these options and on nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "mcast/group_seal.h"
#include "mcast/sender.h"
#include "sim/link.h"

namespace muster::sim {

// bytes: sealed datagrams, decoding, hashing, every byte compared at the end.
// identity: a symbol is only its number; rank is counted and the code's failures are drawn. The
// same cores, for fleets that would not fit in memory.
enum class PayloadMode { bytes, identity };

// A computer goes away and comes back.
struct Outage {
    Duration at{};  // since the beginning of the run
    Duration lasts{};
    bool crash = true;              // loses its memory; else its connection breaks
    std::uint32_t blocks_lost = 0;  // of the last ones stored, by a crash
};

// The server's program is killed and started again: a new session number, new keys, no memory.
struct ServerOutage {
    Duration at{};
    Duration lasts{};
};

// Nothing passes between the server and these computers, in neither direction. Control messages
// wait, as TCP keeps them, until the connection counts as dead (control_timeout).
struct Partition {
    Duration at{};
    Duration lasts{};
    std::vector<std::uint32_t> guests;  // empty: all
    bool carrier = true;                // false: the server sees that its own cable is out
    bool suspended = false;  // the computers sleep: their programs and their clocks stand still
};

// From then on the sender's clock, as STATUS tells it, is so much ahead; it may go back.
struct StampJump {
    Duration at{};
    std::int64_t by_us = 0;
};

struct GuestOptions {
    LinkOptions down;  // from the sender: datagrams
    LinkOptions up;    // to the sender: NAKs
    Duration joins_after{};
    double joins_at_share = 0;    // ... and not before so much of the image was sent, 0 .. 1
    std::vector<Outage> outages;  // in the order of time
    bool lies = false;            // asks for everything, for ever, and completes nothing
    std::uint32_t max_open_blocks = 992;
    bool fetches = false;  // blocks of forged groups come another way; with real bytes only
    Duration work_time{};  // until a decode or a check is answered
    // Decoding, hashing and storing, one order after the other; 0: work_time alone.
    std::uint64_t sink_bits_per_second = 0;
};

// Somebody else's traffic through the bottleneck.
struct TcpFlowOptions {
    Duration starts{};
    Duration lasts = std::chrono::hours(1);
    Duration round_trip = std::chrono::milliseconds(1);  // without queues
};

// Datagrams from somebody who is not the sender, until the faults end.
struct ForgerOptions {
    double datagrams_per_second = 0;
    bool has_group_key = false;     // a member that turned bad: its datagrams open
    double replays_per_second = 0;  // of what was once sent, by the server or a member
};

struct SimulationOptions {
    std::uint64_t seed = 1;
    PayloadMode payload = PayloadMode::bytes;
    std::uint64_t image_bytes = 0;
    std::uint32_t block_bytes = 90112;
    std::uint16_t symbol_bytes = 1408;
    std::uint8_t stretch_blocks_log2 = 6;
    std::uint64_t epoch_packets = mcast::kEpochPackets;
    mcast::SenderOptions sender;
    std::vector<GuestOptions> guests;
    ForgerOptions forger;
    // Between the sender and the switch; everything the sender sends goes through it.
    std::optional<LinkOptions> bottleneck;
    std::vector<TcpFlowOptions> tcp_flows;  // with a bottleneck only
    Duration sample_every{};                // RunReport::samples; 0: none
    // Plain cables deliver what left within so long together, as a network card that raises one
    // interrupt for several datagrams. It makes large fleets several times quicker to simulate.
    Duration coalesce{};
    Duration control_delay = std::chrono::microseconds(500);
    Duration control_timeout = std::chrono::seconds(10);  // then a silent connection is dead
    std::vector<ServerOutage> server_outages;             // in the order of time
    std::vector<Partition> partitions;
    std::vector<StampJump> stamp_jumps;
    Duration encode_time{};  // until asked rows are ready
    // After this every cable is sound, nobody forges, nobody crashes.
    std::optional<Duration> faults_end;
    bool until_session_ends = false;            // else until all honest computers are complete
    Duration limit = std::chrono::minutes(30);  // of virtual time
};

}  // namespace muster::sim
