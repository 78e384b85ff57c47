// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does the stream reach this computer, and if not, why, and what now? The sender sends STATUS at
// least once a second as long as its session runs, and the control connection says that it runs:
// so silence means that multicast is broken for us. In order, and all the time listening:
//
//   arriving --2 s--> silent: join the group again --3 s more--> broken: blocks by unicast, or wait
//      ^                 |                                          |
//      '-----------------+--------- datagrams for 1 s --------------'
//
// It also tells what kind of silence it is, from what the computer's own counters say. Pure: what
// was counted and the time come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "mcast/control.h"

namespace muster::mcast {

enum class ArrivalFault {
    none,
    no_link,     // the interface is down or has no carrier
    foreign,     // datagrams come, but none that this session's key opens
    firewall,    // they reach the computer, not the program
    small_only,  // STATUS comes, nothing of full size
    never_came,  // nothing since the session began
    stopped,     // it came, for a while
};

// What the receiver and its computer have counted since the receiver joined.
struct Arrivals {
    std::uint64_t accepted = 0;  // datagrams of this session
    std::uint64_t content = 0;   // of these, DATA and REPAIR
    std::uint64_t lost = 0;      // gaps between their numbers
    std::uint64_t rejected = 0;  // datagrams that could not be opened
    // Multicast packets for this computer's programs, before a firewall judges them; not all of
    // them need be ours.
    std::uint64_t host_packets = 0;
    bool link = true;
};

struct ArrivalOptions {
    std::string interface;         // for people
    bool unicast_offered = false;  // else a broken path can only be waited for
    Duration silence = std::chrono::seconds(2);
    Duration broken = std::chrono::seconds(5);
    Duration back = std::chrono::seconds(1);
    Duration rejoin_silent = std::chrono::seconds(2);
    Duration rejoin_broken = std::chrono::seconds(10);
    // A switch that loses its table forgets us without our noticing.
    Duration rejoin_always = std::chrono::seconds(60);
};

class ArrivalWatch {
public:
    explicit ArrivalWatch(ArrivalOptions options) : options_(std::move(options)) {}

    // The server says that it sends from now on.
    void on_started(TimePoint now);
    // Instead of a tick, while we are not listening: silence counts from here.
    void restart(TimePoint now, const Arrivals& seen);
    // At least a few times a second. True: join the group again now.
    bool on_tick(TimePoint now, const Arrivals& seen);

    Delivery delivery() const;
    ArrivalFault fault() const { return fault_; }
    bool is_silent() const { return fault_ != ArrivalFault::none; }
    // What is wrong, for people; empty while nothing is.
    std::string why() const;

private:
    void note_arrivals(TimePoint now, const Arrivals& seen);
    ArrivalFault fault_of_silence(TimePoint now, const Arrivals& seen) const;
    bool rejoin_due(TimePoint now, bool link);

    const ArrivalOptions options_;
    std::optional<TimePoint> started_;
    Arrivals last_;        // of the last tick
    Arrivals at_arrival_;  // when something arrived last
    TimePoint last_arrival_{};
    TimePoint last_content_{};
    std::uint64_t lost_at_content_ = 0;
    std::optional<TimePoint> back_since_;
    TimePoint last_rejoin_{};
    bool link_ = true;
    bool broken_ = false;
    ArrivalFault fault_ = ArrivalFault::none;
    Duration came_for_{};
};

}  // namespace muster::mcast
