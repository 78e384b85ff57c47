// SPDX-License-Identifier: GPL-3.0-or-later
//
// Time as the cores see it: a point on a clock that never runs back, given by whoever calls. The
// simulator's clock, a test's and CLOCK_MONOTONIC all fit; no core reads one itself.
#pragma once

#include <chrono>
#include <cstdint>

namespace muster {

struct MonotonicClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};

using Duration = MonotonicClock::duration;
using TimePoint = MonotonicClock::time_point;

constexpr double to_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}
constexpr Duration from_seconds(double seconds) {
    return Duration(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace muster
