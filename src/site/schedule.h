// SPDX-License-Identifier: GPL-3.0-or-later
//
// How fast images may be sent at which time of the week, so that lessons have the network by day
// and imaging has it at night:
//
//   mon-fri 08:00-17:00 100M; fri 22:00-06:00 1G
//
// By the clock on the wall: in the hour that a change of the clock skips no entry holds, in the one
// it repeats an entry holds twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/calendar.h"

namespace muster::site {

inline constexpr std::size_t kMaxRateLimits = 64;

struct RateLimit {
    Weekdays days;        // on which it begins
    int from_minute = 0;  // of the day, 0 to 1439
    int to_minute = 0;    // 1 to 1440, exclusive; not after from_minute: it ends on the next day
    std::int64_t bits_per_second = 0;  // above 0
    bool operator==(const RateLimit&) const = default;
};

// "mon-fri 08:00-17:00 100M".
std::string to_string(const RateLimit& limit);

class RateSchedule {
public:
    RateSchedule() = default;  // no limit at any time

    // Errc::invalid_argument: a number out of its range, more than kMaxRateLimits, or two that hold
    // at the same time (both named, and when).
    static Result<RateSchedule> create(std::vector<RateLimit> limits);

    // Empty: no limit at that minute since Monday, 00:00 (week_minute).
    std::optional<std::int64_t> limit_at(int minute_of_week) const;
    const std::vector<RateLimit>& limits() const { return limits_; }
    bool operator==(const RateSchedule&) const = default;

private:
    explicit RateSchedule(std::vector<RateLimit> limits) : limits_(std::move(limits)) {}
    std::vector<RateLimit> limits_;
};

// Entries on lines of their own or with ';' between them; none: no limit. Rates are bits per second
// with k, M or G for thousands. Errc::invalid_argument "column N: ...": not in this form (what was
// expected), or an entry that overlaps an earlier one.
Result<RateSchedule> parse_rate_schedule(std::string_view text);

// In the order they were given, "; " between them.
std::string to_string(const RateSchedule& schedule);

}  // namespace muster::site
