// SPDX-License-Identifier: GPL-3.0-or-later
//
// From moments to the clock on the wall of a zone and back. What a zone's clocks did and will do is
// a table; reading it from the system is store/time_zone.h's affair.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/calendar.h"
#include "site/ids.h"

namespace muster::site {

struct TimeZone {
    struct Transition {
        std::chrono::sys_seconds at;
        std::chrono::seconds offset;  // of local time to UTC, east positive, from `at` on
        bool operator==(const Transition&) const = default;
    };
    std::string name = "UTC";
    std::chrono::seconds first_offset{0};  // before the first transition
    std::vector<Transition> transitions;   // ascending
};

LocalTime to_local(WallTime time, const TimeZone& zone);

// A time that exists twice, when clocks are set back, is the first of the two. A time that does not
// exist, when they are set forward, is as long after the change as it is after the last minute
// that exists: 02:30 on such a night is what the clocks show as 03:30 (RFC 5545, 3.3.5).
WallTime to_wall(LocalTime time, const TimeZone& zone);

// How a zone is found by its name; errors are put behind the column.
using ZoneFinder = std::function<Result<TimeZone>(std::string_view name)>;

// "2026-12-01 08:00 Europe/Berlin", "2026-12-01T08:00:30.5+01:00", "2026-12-01 07:00 UTC" (or Z).
// A time without a zone is refused: server and administrator may have different ones.
// Errc::invalid_argument "column N: expected ...", and what find_zone says.
Result<WallTime> parse_time(std::string_view text, const ZoneFinder& find_zone);

// "2026-12-01T07:00:00Z", with milliseconds when there are any; from 1970 to 9999 parse_time reads
// it back.
std::string format_time(WallTime time);

}  // namespace muster::site
