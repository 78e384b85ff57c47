// SPDX-License-Identifier: GPL-3.0-or-later
//
// Days and times as the clock on the wall shows them, and their text: "mon-fri", "08:00",
// "2026-12-01".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "site/text_cursor.h"

namespace muster::site {

// What a clock on the wall shows, in a zone that is known from elsewhere.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

inline constexpr int kMinutesPerDay = 24 * 60;
inline constexpr int kMinutesPerWeek = 7 * kMinutesPerDay;

// Minutes since Monday, 00:00.
int week_minute(LocalTime time);

// A set of days of the week; day 0 is Monday.
struct Weekdays {
    std::uint8_t bits = 0;
    bool has(int day) const { return (bits >> day & 1) != 0; }
    bool operator==(const Weekdays&) const = default;
};
int day_of_week(std::chrono::local_days day);
std::string_view weekday_name(int day);  // "mon"

// "mon-fri,sun"; three days or more in a row are a range.
std::string to_string(Weekdays days);
std::string zero_padded(std::int64_t number, std::size_t width);  // 7 in 2: "07"
std::string format_clock(int minute_of_day);  // "08:00"; "24:00" is the end of the day
std::string format_date(std::chrono::year_month_day date);  // "2026-12-01"

// Errors: Errc::invalid_argument as TextCursor::expected.

// "mon-fri", "mon,wed", "sat-mon", "Monday", "daily".
Result<Weekdays> take_weekdays(TextCursor& cursor);
// "08:00": minutes since midnight; "24:00" when `end_of_day`.
Result<int> take_clock(TextCursor& cursor, bool end_of_day);
// "2026-12-01", from 1970 to 9999, and a day there is.
Result<std::chrono::year_month_day> take_date(TextCursor& cursor);

}  // namespace muster::site
