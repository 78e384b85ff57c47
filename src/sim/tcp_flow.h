// SPDX-License-Identifier: GPL-3.0-or-later
//
// Somebody else's traffic: one greedy TCP flow with CUBIC (RFC 9438) and HyStart, as Linux does it,
// through the bottleneck that the session shares. Loss is found as with SACK, by three later
// segments; what was lost is sent again as a new segment, for only the rate matters here.
#pragma once

#include <cstdint>
#include <set>

#include "sim/event_queue.h"
#include "sim/link.h"
#include "sim/options.h"

namespace muster::sim {

class TcpFlow {
public:
    TcpFlow(EventQueue& queue, Link& bottleneck, const TcpFlowOptions& options)
        : queue_(queue), bottleneck_(bottleneck), options_(options) {}

    void start();
    std::uint64_t delivered_bytes() const { return delivered_bytes_; }

private:
    void send();
    void on_ack(std::uint64_t segment, TimePoint sent_at);
    void find_losses(std::uint64_t acknowledged);
    void cut();
    void grow(Duration round_trip);
    void watch();

    EventQueue& queue_;
    Link& bottleneck_;
    const TcpFlowOptions options_;
    bool stopped_ = false;
    std::uint64_t delivered_bytes_ = 0;
    std::uint64_t next_segment_ = 0;
    std::uint64_t recovers_until_ = 0;
    std::set<std::uint64_t> in_flight_;
    TimePoint last_ack_{};

    double window_ = 10;  // segments
    double slow_start_until_ = 1e9;
    Duration least_round_trip_ = Duration::max();
    double top_ = 0;
    double friendly_ = 0;
    TimePoint epoch_began_{};
    bool in_epoch_ = false;
};

}  // namespace muster::sim
