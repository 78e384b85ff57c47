// SPDX-License-Identifier: GPL-3.0-or-later
//
// What all members together say of one epoch. Three questions, each answered without those whose
// trouble is their own: how much is lost on the way to the worst that counts, how long is the queue
// on that way, and what do the receivers themselves take?
//
// A member is *local* when it drops datagrams itself or has a backlog that stands: its disk or
// processor is the limit, not the network. Members are only a sample: of a large fleet each
// speaks every few seconds, and those heard in the epoch stand for all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "mcast/control.h"
#include "mcast/member_reception.h"
#include "mcast/noise_floor.h"

namespace muster::mcast {

struct RoomView {
    LossSample loss;  // of the worst that counts
    // More members than may suffer alone lost datagrams while a queue stood before them.
    bool lost_in_queue = false;
    Duration queue_delay{};
    Duration round_trip{};
    double delivered_bits_per_second = 0;  // the median
    // On the wire, when half of them are local: the median of what these can take.
    std::optional<double> receivers_take;
    // On the wire, when half of them know: the median of what their sinks sustain. And whether with
    // half of them something waited for its sink all the time.
    std::optional<double> sinks_sustain;
    bool sinks_are_busy = false;
};

class RoomSurvey {
public:
    // A queue this long stands; shorter is the noise of timers and threads.
    static constexpr Duration kStandingQueue = std::chrono::milliseconds(2);

    // tolerance: share of the members that may suffer alone; of two or more at least one, unless
    // it is 0.
    explicit RoomSurvey(double tolerance) : tolerance_(tolerance) {}

    void on_interval(MemberNumber member, const ReceptionInterval& interval,
                     const MemberReception& reception);
    bool empty() const { return heard_.empty(); }
    // Begins a new epoch.
    void clear() { heard_.clear(); }
    RoomView view(const NoiseFloor& noise) const;

private:
    struct Heard {
        ReceptionInterval interval;
        Duration queue_delay{};
        Duration round_trip{};
        std::uint64_t backlog_bytes = 0;
        double sink_bits_per_second = 0;

        bool is_local() const;
        double excess_backlog_bytes() const;
        double takes() const;  // of a local one, on the wire
        double sink_on_wire() const;
        LossSample loss() const;
        bool lost_in_queue(const NoiseFloor& noise) const;
    };

    void look_at_receivers(RoomView& view) const;
    void look_at_network(RoomView& view, const NoiseFloor& noise) const;
    bool is_the_room(std::size_t members) const;
    std::size_t tolerated(std::size_t members) const;

    const double tolerance_;
    std::map<MemberNumber, Heard> heard_;
};

}  // namespace muster::mcast
