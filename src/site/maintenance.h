// SPDX-License-Identifier: GPL-3.0-or-later
//
// Maintenance windows of a collection: when a required deployment may start on its computers.
//
//   sat,sun 22:00 for 6h        every week, over midnight
//   2026-12-01 18:30 for 90m    once
//
// By the clock on the wall. When a change of the clock skips part of a window, the window is that
// much shorter; when it repeats a part, the window is open both times.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "site/calendar.h"

namespace muster::site {

struct MaintenanceWindow {
    std::variant<Weekdays, std::chrono::year_month_day> days;  // on which it opens
    int start_minute = 0;                                      // of the day, 0 to 1439
    int duration_minutes = 0;                                  // 1 to 1439
    bool operator==(const MaintenanceWindow&) const = default;
};

// Errc::invalid_argument: no day, a date that is not in the calendar, a number out of its range.
Status check_window(const MaintenanceWindow& window);

// Errc::invalid_argument "column N: expected ...".
Result<MaintenanceWindow> parse_maintenance_window(std::string_view text);
// The text parse_maintenance_window reads.
std::string to_string(const MaintenanceWindow& window);

// Both take windows that check_window accepts. The start belongs to a window, its end does not.
bool is_open(const MaintenanceWindow& window, LocalTime at);
// When it opens the next time after `at`; empty: a date that has passed.
std::optional<LocalTime> next_opening(const MaintenanceWindow& window, LocalTime at);

// Of several: one is open, or there is none at all (who sets no window allows every time).
bool is_open(std::span<const MaintenanceWindow> windows, LocalTime at);
// The earliest; empty: none opens any more, or there is none at all.
std::optional<LocalTime> next_opening(std::span<const MaintenanceWindow> windows, LocalTime at);

}  // namespace muster::site
