// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/time_zone.h"

#include <algorithm>

#include "site/ascii.h"

namespace muster::site {

namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_zone_character(char c) {
    return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
}

// ":30.250" behind hours and minutes; may be missing.
Result<milliseconds> take_seconds(TextCursor& cursor) {
    if (!cursor.take(':')) return milliseconds(0);
    const auto whole = cursor.take_digits(2);
    if (!whole || *whole > 59) return cursor.expected("seconds from 00 to 59");
    std::int64_t fraction = 0;
    if (cursor.take('.') || cursor.take(',')) {
        const auto digits = cursor.take_while(is_digit);
        if (digits.empty()) return cursor.expected("a fraction of a second");
        for (std::size_t i = 0; i < 3; ++i) {
            fraction = fraction * 10 + (i < digits.size() ? digits[i] - '0' : 0);
        }
    }
    return milliseconds(*whole * 1000 + fraction);
}

// "+01:00", "+0100", "+01".
Result<seconds> take_offset(TextCursor& cursor) {
    const std::size_t begin = cursor.offset();
    const bool east = cursor.take('+');
    if (!east) cursor.skip(1);
    auto hours = cursor.take_digits(2);
    std::optional<std::int64_t> rest = 0;
    if (hours && cursor.take(':')) {
        rest = cursor.take_digits(2);
    } else if (!hours) {
        rest = cursor.take_digits(4);
        if (rest) hours = *rest / 100;
        if (rest) *rest %= 100;
    }
    if (!hours || !rest || *hours > 23 || *rest > 59) {
        return cursor.expected_at(begin, "an offset like +01:00");
    }
    const seconds offset(*hours * 3600 + *rest * 60);
    return east ? offset : -offset;
}

Result<TimeZone> take_zone(TextCursor& cursor, const ZoneFinder& find_zone) {
    if (cursor.peek() == '+' || cursor.peek() == '-') {
        TimeZone fixed;
        fixed.first_offset = TRY(take_offset(cursor));
        return fixed;
    }
    const std::size_t begin = cursor.offset();
    const auto name = cursor.take_while(is_zone_character);
    if (equal_ignoring_case(name, "z") || equal_ignoring_case(name, "utc")) return TimeZone{};
    if (name.empty() || is_digit(name.front())) {
        return cursor.expected_at(begin, "a time zone: Z, +01:00 or a name like Europe/Berlin");
    }
    auto zone = find_zone(name);
    if (!zone) return cursor.error_at(begin, zone.error().message());
    return zone;
}

}  // namespace

LocalTime to_local(WallTime time, const TimeZone& zone) {
    const auto after = std::ranges::upper_bound(
        zone.transitions, time, [](WallTime wanted, WallTime at) { return wanted < at; },
        &TimeZone::Transition::at);
    const seconds offset =
        after == zone.transitions.begin() ? zone.first_offset : std::prev(after)->offset;
    return LocalTime((time + offset).time_since_epoch());
}

WallTime to_wall(LocalTime time, const TimeZone& zone) {
    const WallTime as_utc(time.time_since_epoch());
    seconds offset = zone.first_offset;
    for (const auto& transition : zone.transitions) {
        if (as_utc - offset < transition.at) return as_utc - offset;
        const bool skipped = as_utc - transition.offset < transition.at;
        if (skipped) return as_utc - offset;
        offset = transition.offset;
    }
    return as_utc - offset;
}

Result<WallTime> parse_time(std::string_view text, const ZoneFinder& find_zone) {
    TextCursor cursor(text);
    cursor.skip_blanks();
    const std::chrono::local_days date(TRY(take_date(cursor)));
    if (!cursor.take('T') && !cursor.take('t')) {
        if (cursor.peek() != ' ') return cursor.expected("a time of the day, like 08:00");
        cursor.skip_blanks();
    }
    const minutes clock(TRY(take_clock(cursor, false)));
    const LocalTime local = date + clock + TRY(take_seconds(cursor));
    cursor.skip_blanks();
    const TimeZone zone = TRY(take_zone(cursor, find_zone));
    cursor.skip_blanks();
    if (!cursor.at_end()) return cursor.expected("the end of the time");
    return to_wall(local, zone);
}

std::string format_time(WallTime time) {
    const auto day = std::chrono::floor<days>(time);
    const auto of_day = std::chrono::duration_cast<milliseconds>(time - day);
    const auto minute = std::chrono::floor<minutes>(of_day);
    const auto rest = (of_day - minute).count();
    std::string text = format_date(std::chrono::year_month_day(day)) + "T" +
                       format_clock(static_cast<int>(minute.count())) + ":" +
                       zero_padded(rest / 1000, 2);
    if (rest % 1000 != 0) text += "." + zero_padded(rest % 1000, 3);
    return text + "Z";
}

}  // namespace muster::site
