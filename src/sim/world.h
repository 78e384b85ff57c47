// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the parts of a simulation share, and what they say to each other over the control
// connections (reliable, delayed; Simulation carries them).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "mcast/control.h"
#include "mcast/group_seal.h"
#include "sim/content.h"
#include "sim/event_queue.h"
#include "sim/frame.h"
#include "sim/options.h"

namespace muster::sim {

struct Disconnected {};
struct Rekeyed {
    std::uint32_t rekeys = 0;
};
using ToServer = std::variant<mcast::MemberMessage, Rekeyed, Disconnected>;

struct Joined {
    mcast::MemberNumber number;
    std::uint32_t session = 0;
    mcast::Secret uplink_secret{};
    mcast::GroupSecret group_secret;
};
struct Rekey {
    mcast::GroupSecret secret;
};
struct Refused {
    Error error;
};
// The server has closed the connection: it takes this member for lost or failed.
struct Closed {
    mcast::MemberNumber number;
};
struct Ordered {
    mcast::MemberNumber number;
    mcast::MemberOrder order;
};
// Nothing comes through the connection any more.
struct Broken {};
using ToGuest = std::variant<Joined, Rekey, Refused, Closed, Ordered, Broken>;

class World {
public:
    World(const SimulationOptions& options_in, const Content& content_in, EventQueue& queue_in)
        : options(options_in), content(content_in), queue(queue_in) {}
    virtual ~World() = default;

    virtual void multicast(FramePtr frame) = 0;
    virtual void uplink(std::uint32_t guest, FramePtr frame) = 0;
    // `number`: as which member the guest says it; 0 before it is one.
    virtual void tell_server(std::uint32_t guest, mcast::MemberNumber number, ToServer message) = 0;
    virtual void tell_guest(std::uint32_t guest, ToGuest message) = 0;
    virtual void on_guest_completed(std::uint32_t guest) = 0;
    // Whether a connection could be made now.
    virtual bool is_reachable(std::uint32_t guest) const = 0;

    bool with_bytes() const { return options.payload == PayloadMode::bytes; }
    void violation(std::string what) { violations.push_back(std::move(what)); }

    const SimulationOptions& options;
    const Content& content;
    EventQueue& queue;
    // Of the server's present run.
    std::uint32_t session = 0;
    mcast::GroupSecret group_secret;   // of now: what a member that turned bad knows
    std::int64_t stamp_offset_us = 0;  // of the clock that STATUS tells
    std::vector<std::string> violations;
};

}  // namespace muster::sim
