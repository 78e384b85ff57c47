// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a TCP flow of today would get its rate back (CUBIC, RFC 9438): after a cut it comes back to
// the rate at which it was cut, slowly near it, and goes on beyond. In rates instead of windows:
// with a queue that stands the round trip hardly changes.
#pragma once

#include "base/time.h"

namespace muster::mcast {

class CubicGrowth {
public:
    static constexpr double kCut = 0.75;  // what a loss leaves of the rate

    // From `from` back to `top` (at least `from`), both in bit/s.
    void start(TimePoint now, double from, double top, Duration round_trip);
    double rate(TimePoint now) const;

private:
    TimePoint since_{};
    double from_packets_ = 0;
    double top_packets_ = 0;
    double seconds_to_top_ = 0;
    double round_trip_seconds_ = 0.1;
};

}  // namespace muster::mcast
