// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one place that reads the clock for everybody above: CLOCK_MONOTONIC as the time the cores
// take as a parameter. It never runs back and does not jump when somebody sets the date.
#pragma once

#include <ctime>

#include "base/time.h"

namespace muster::net {

inline TimePoint monotonic_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return TimePoint(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

}  // namespace muster::net
