// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the sender knows of one member's reception: differences of the counters in its FEEDBACK,
// over the last interval and over the last eight. Since all are differences, a FEEDBACK that is
// lost makes an interval longer, nothing more; one that is late or repeated changes nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"
#include "mcast/packet.h"

namespace muster::mcast {

// Between two FEEDBACK.
struct ReceptionInterval {
    Duration length{};               // by the sender's clock
    std::uint64_t first_number = 0;  // no packet before this one counts
    std::uint64_t last_number = 0;
    std::uint64_t received = 0;
    std::uint64_t lost = 0;  // in the network
    std::uint64_t loss_runs = 0;
    std::uint64_t wire_bytes = 0;
    std::uint64_t local_drops = 0;

    double loss() const;
    double mean_burst() const;  // lost datagrams per run, at least 1
    double delivered_bits_per_second() const;
    ReceptionInterval& operator+=(const ReceptionInterval& later);
};

class MemberReception {
public:
    static constexpr std::size_t kIntervals = 8;

    // The interval it closes; nothing for the first FEEDBACK and for one that is out of order.
    std::optional<ReceptionInterval> on_feedback(TimePoint now, const FeedbackPacket& feedback);

    // Nothing was heard yet.
    bool empty() const { return !latest_; }
    const FeedbackPacket& latest() const { return *latest_; }
    TimePoint heard_at() const { return heard_at_; }
    // Of up to eight intervals; of none before there is one.
    ReceptionInterval recent() const;
    double loss() const { return recent().loss(); }
    double delivered_bits_per_second() const { return recent().delivered_bits_per_second(); }
    Duration queue_delay() const;
    std::uint64_t backlog_bytes() const;
    std::uint64_t sink_bits_per_second() const;  // 0: unknown
    // There and back, without the time it was held; by the latest.
    Duration round_trip() const { return round_trip_; }

private:
    std::optional<FeedbackPacket> latest_;
    TimePoint heard_at_{};
    Duration round_trip_{};
    std::deque<ReceptionInterval> intervals_;
};

}  // namespace muster::mcast
