// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether a receiver is in the multicast group. The sender orders it out when its port cannot
// carry the stream, and back when the others are done. Orders come over the control connection,
// which shares the port that the stream floods: at ten times what it carries hardly an order gets
// through. So a receiver also helps itself:
//
//  - when it loses more than a third of the stream for a while and no order came, it leaves the
//    group, says so, and waits;
//  - while it is away the order is repeated every second. When it is not heard for longer, leaving
//    has not helped (the switch floods anyway) and looking costs nothing: it joins for a moment now
//    and then, and a STATUS that says "those that are away are served" brings it back.
//
// What an order says holds: whoever was ordered to stay does not leave by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "mcast/control.h"

namespace muster::mcast {

class Attendance {
public:
    void on_order(TimePoint now, OrderMode mode);
    void on_status(TimePoint now, bool serves_away);
    // Datagrams since the join, often enough.
    void on_counts(TimePoint now, std::uint64_t received, std::uint64_t lost);
    void on_deadline(TimePoint now);
    std::optional<TimePoint> next_deadline() const;

    // It shall be in the group now.
    bool listens() const;
    // It does not take part in the stream, though it may look at it.
    bool is_away() const {
        if (mode_ == OrderMode::unicast) return true;
        return (mode_ == OrderMode::away || left_) && !served_;
    }
    OrderMode mode() const { return mode_; }
    // It has left by itself: to be said once.
    std::optional<MemberLeft> take_left();

private:
    void measure(TimePoint now, std::uint64_t received, std::uint64_t lost);

    OrderMode mode_ = OrderMode::multicast;
    bool left_ = false;
    bool served_ = false;
    std::optional<TimePoint> last_order_;
    std::optional<TimePoint> look_from_;  // the next look at the group, or the one under way
    bool looks_ = false;

    std::optional<TimePoint> tick_at_;
    std::uint64_t received_ = 0;
    std::uint64_t lost_ = 0;
    std::uint32_t heavy_ticks_ = 0;
    std::optional<MemberLeft> unsaid_;
};

}  // namespace muster::mcast
