// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/maintenance.h"

#include <algorithm>

#include "site/ascii.h"

namespace muster::site {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::year_month_day;

bool opens_on(const MaintenanceWindow& window, local_days day) {
    if (const auto* weekly = std::get_if<Weekdays>(&window.days)) {
        return weekly->has(day_of_week(day));
    }
    return local_days(std::get<year_month_day>(window.days)) == day;
}

// "6h30m", "90m", "1.5h".
Result<int> take_duration(TextCursor& cursor) {
    const std::size_t begin = cursor.offset();
    const auto wrong = [&] {
        return cursor.expected_at(begin, "how long, from 1m to 23h59m, like 6h30m");
    };
    const auto in_minutes = [](const Decimal& number, std::int64_t unit) {
        return std::min<std::int64_t>(scaled(number, unit).value_or(kMinutesPerDay),
                                      kMinutesPerDay);
    };
    auto number = cursor.take_decimal();
    std::int64_t total = 0;
    if (number && cursor.take('h')) {
        total = in_minutes(*number, 60);
        number = cursor.take_decimal();
    }
    if (number) {
        if (!cursor.take('m') || !number->fraction.empty()) return wrong();
        total += in_minutes(*number, 1);
    }
    if (total < 1 || total >= kMinutesPerDay) return wrong();
    return static_cast<int>(total);
}

}  // namespace

Status check_window(const MaintenanceWindow& window) {
    const auto* weekly = std::get_if<Weekdays>(&window.days);
    const auto* date = std::get_if<year_month_day>(&window.days);
    if (weekly != nullptr && (weekly->bits == 0 || weekly->bits > 0x7f)) {
        return Error(Errc::invalid_argument, "maintenance window: no day of the week");
    }
    if (date != nullptr && !date->ok()) {
        return Error(Errc::invalid_argument, "maintenance window: no day of the calendar");
    }
    if (window.start_minute < 0 || window.start_minute >= kMinutesPerDay) {
        return Error(Errc::invalid_argument, "maintenance window: starts outside the day");
    }
    if (window.duration_minutes < 1 || window.duration_minutes >= kMinutesPerDay) {
        return Error(Errc::invalid_argument,
                     "maintenance window: lasts from 1 minute to 23 hours and 59 minutes");
    }
    return {};
}

Result<MaintenanceWindow> parse_maintenance_window(std::string_view text) {
    TextCursor cursor(text);
    MaintenanceWindow window;
    cursor.skip_blanks();
    if (is_digit(cursor.peek())) {
        window.days = TRY(take_date(cursor));
    } else {
        window.days = TRY(take_weekdays(cursor));
    }
    cursor.skip_blanks();
    window.start_minute = TRY(take_clock(cursor, false));
    cursor.skip_blanks();
    if (!cursor.take_word("for")) return cursor.expected("'for' and how long, like for 6h30m");
    cursor.skip_blanks();
    window.duration_minutes = TRY(take_duration(cursor));
    cursor.skip_blanks();
    if (!cursor.at_end()) return cursor.expected("the end of the window");
    return window;
}

std::string to_string(const MaintenanceWindow& window) {
    const auto* weekly = std::get_if<Weekdays>(&window.days);
    const int hours = window.duration_minutes / 60;
    const int rest = window.duration_minutes % 60;
    return (weekly != nullptr ? to_string(*weekly)
                              : format_date(std::get<year_month_day>(window.days))) +
           " " + format_clock(window.start_minute) + " for " +
           (hours > 0 ? std::to_string(hours) + "h" : "") +
           (rest > 0 ? std::to_string(rest) + "m" : "");
}

bool is_open(const MaintenanceWindow& window, LocalTime at) {
    const auto today = std::chrono::floor<days>(at);
    for (const local_days day : {today, today - days(1)}) {
        const auto start = day + minutes(window.start_minute);
        const bool within = at >= start && at < start + minutes(window.duration_minutes);
        if (within && opens_on(window, day)) return true;
    }
    return false;
}

std::optional<LocalTime> next_opening(const MaintenanceWindow& window, LocalTime at) {
    local_days day = std::chrono::floor<days>(at);
    const auto* date = std::get_if<year_month_day>(&window.days);
    if (date != nullptr) day = local_days(*date);
    for (int i = 0; i <= 7; ++i, day += days(1)) {
        const LocalTime start = day + minutes(window.start_minute);
        if (start > at && opens_on(window, day)) return start;
    }
    return std::nullopt;
}

bool is_open(std::span<const MaintenanceWindow> windows, LocalTime at) {
    return windows.empty() || std::ranges::any_of(windows, [&](const MaintenanceWindow& window) {
               return is_open(window, at);
           });
}

std::optional<LocalTime> next_opening(std::span<const MaintenanceWindow> windows, LocalTime at) {
    std::optional<LocalTime> earliest;
    for (const auto& window : windows) {
        const auto opening = next_opening(window, at);
        if (opening && (!earliest || *opening < *earliest)) earliest = opening;
    }
    return earliest;
}

}  // namespace muster::site
