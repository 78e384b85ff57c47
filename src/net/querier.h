// SPDX-License-Identifier: GPL-3.0-or-later
//
// A switch that snoops on IGMP forgets a port after about 260 s unless somebody asks "who listens
// to what?" every two minutes. Usually a router or the switch itself asks. This class knows whether
// somebody does, and, when it is to stand in, when to ask: never before 130 s without a query, and
// not while anybody with a lower address does (the election of RFC 3376, 6.6.2). No I/O: whoever
// owns it hears and sends.
#pragma once

#include <optional>

#include "base/time.h"
#include "net/address.h"
#include "net/igmp.h"

namespace muster::net {

// A little more than the interval in which a querier asks.
inline constexpr Duration kQuerierPatience = std::chrono::seconds(130);

struct QuerierOptions {
    bool stand_in = false;
    Duration patience = kQuerierPatience;
};

class Querier {
public:
    enum class State {
        listening,  // not yet known
        other,      // somebody asks
        absent,     // nobody asks, and we are not to
        asking,     // we do
    };
    Querier(TimePoint now, const Address& own, const QuerierOptions& options);

    // A general query of somebody else.
    void on_query(TimePoint now, const Address& from);
    // True: a general query is to be sent now. Call it at next_deadline() or more often.
    bool poll(TimePoint now);
    TimePoint next_deadline() const;

    State state() const { return state_; }
    // Who asks, in state other.
    const Address& other() const { return other_; }
    const QueryTimes& times() const { return times_; }

private:
    const Address own_;
    const QuerierOptions options_;
    const QueryTimes times_;
    State state_ = State::listening;
    Address other_;
    TimePoint last_heard_;
    TimePoint next_query_{};
    int startup_queries_ = 0;
};

}  // namespace muster::net
