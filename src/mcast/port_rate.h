// SPDX-License-Identifier: GPL-3.0-or-later
//
// How fast to send to a port that is slower than the stream. While the port was full it delivered
// its own rate, so that is known from the beginning; sending 95 % of it keeps its queue empty and
// loses nothing. From there the rate creeps up, 3 % a second, until the queue begins to stand, and
// steps back: a tail-drop queue says it is full by its delay long before it drops. A delay that
// stays whatever is sent is no queue of ours: after a few steps that did not help it is the
// member's own, and counts no more.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "mcast/member_reception.h"

namespace muster::mcast {

class PortRate {
public:
    explicit PortRate(double measured_bits_per_second);

    // While the stream is sent at this rate. `delay`: in queues, of its own.
    void on_interval(const ReceptionInterval& told, Duration delay);
    // What to send at.
    double bits_per_second() const { return pace_; }

private:
    void step_back(double delivered_bits_per_second, Duration delay);

    double pace_;
    double floor_;
    double noise_ = 0;      // what it loses without a queue
    Duration own_delay_{};  // without our queue
    Duration delay_at_step_{};
    std::uint32_t steps_in_vain_ = 0;
    Duration quiet_{};  // since the last step back
};

}  // namespace muster::mcast
