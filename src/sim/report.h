// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a run showed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "mcast/sender.h"

namespace muster::sim {

struct GuestOutcome {
    std::string name;
    bool lies = false;
    bool complete = false;     // everything verified and reported
    bool bytes_match = false;  // compared with the image; in identity mode the same as complete
    Duration joined_at{};
    Duration completed_at{};
    std::uint64_t symbols_sent_at_join = 0;
    std::uint64_t symbols_sent_at_completion = 0;
    std::uint32_t lives = 0;         // 1 and one more for every crash
    mcast::MemberCounters counters;  // of its last life
};

// What had gone by at some time.
struct RateSample {
    Duration at{};
    std::uint64_t rate_bits_per_second = 0;  // of the sender's pacer
    std::uint64_t passed_wire_bytes = 0;     // of the session, behind the bottleneck
    std::uint64_t tcp_bytes = 0;             // of all TCP flows, acknowledged
    mcast::RateLimit limit = mcast::RateLimit::cap;
};

struct RunReport {
    std::uint64_t seed = 0;
    std::uint32_t guests = 0;
    std::uint64_t source_symbols = 0;  // of image and manifest: what one pass is
    std::uint32_t server_runs = 1;     // what was sent is of all of them
    mcast::SenderCounters sent;
    std::uint64_t highest_window_bytes = 0;  // most that left in any 10 ms
    // A round of a group begins when its sources have been sent, and again whenever repair for it
    // begins after all that had been promised was sent. naks_in_round counts the entries about a
    // group that reach the sender within one round.
    std::uint64_t rounds = 0;
    std::uint64_t nak_entries = 0;
    std::uint32_t most_naks_in_round = 0;
    std::uint32_t most_naks_in_second = 0;  // datagrams that reach the sender within any second
    Duration duration{};  // until the last honest computer was complete, or the limit
    std::vector<GuestOutcome> outcomes;
    std::vector<RateSample> samples;
    std::vector<std::string> violations;  // things that must never happen

    bool all_complete() const;  // of those that do not lie
    double symbols_per_source() const {
        return static_cast<double>(sent.symbols()) / static_cast<double>(source_symbols);
    }
    double mean_naks_per_round() const {
        return rounds == 0 ? 0 : static_cast<double>(nak_entries) / static_cast<double>(rounds);
    }
};

// One line, and one line per computer.
std::string summary(const RunReport& report);
std::string details(const RunReport& report);

}  // namespace muster::sim
