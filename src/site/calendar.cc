// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/calendar.h"

#include <array>

#include "site/ascii.h"

namespace muster::site {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};
constexpr std::size_t kShortName = 3;

Result<int> take_day(TextCursor& cursor) {
    for (std::size_t day = 0; day < kDays.size(); ++day) {
        if (cursor.take_word(kDays[day]) || cursor.take_word(kDays[day].substr(0, kShortName))) {
            return static_cast<int>(day);
        }
    }
    return cursor.expected("a day: mon, tue, wed, thu, fri, sat, sun");
}

}  // namespace

std::string zero_padded(std::int64_t number, std::size_t width) {
    std::string text = std::to_string(number);
    if (text.size() < width) text.insert(0, width - text.size(), '0');
    return text;
}

int day_of_week(std::chrono::local_days day) {
    return static_cast<int>(std::chrono::weekday(day).iso_encoding()) - 1;
}

int week_minute(LocalTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const auto minute = std::chrono::floor<std::chrono::minutes>(time - day).count();
    return day_of_week(day) * kMinutesPerDay + static_cast<int>(minute);
}

std::string_view weekday_name(int day) {
    return kDays[static_cast<std::size_t>(day)].substr(0, kShortName);
}

std::string to_string(Weekdays days) {
    std::string text;
    for (int first = 0; first < 7; ++first) {
        if (!days.has(first)) continue;
        int last = first;
        while (last < 6 && days.has(last + 1)) ++last;
        const bool range = last - first >= 2;
        if (!range) last = first;
        text += (text.empty() ? "" : ",") + std::string(weekday_name(first));
        if (range) text += "-" + std::string(weekday_name(last));
        first = last;
    }
    return text;
}

std::string format_clock(int minute_of_day) {
    return zero_padded(minute_of_day / 60, 2) + ":" + zero_padded(minute_of_day % 60, 2);
}

std::string format_date(std::chrono::year_month_day date) {
    return zero_padded(static_cast<int>(date.year()), 4) + "-" +
           zero_padded(static_cast<unsigned>(date.month()), 2) + "-" +
           zero_padded(static_cast<unsigned>(date.day()), 2);
}

Result<Weekdays> take_weekdays(TextCursor& cursor) {
    Weekdays days;
    if (cursor.take_word("daily")) return Weekdays{0x7f};
    do {
        cursor.skip_blanks();
        int day = TRY(take_day(cursor));
        const int last = cursor.take('-') ? TRY(take_day(cursor)) : day;
        for (;; day = (day + 1) % 7) {
            days.bits = static_cast<std::uint8_t>(days.bits | 1 << day);
            if (day == last) break;
        }
    } while (cursor.take(','));
    return days;
}

Result<int> take_clock(TextCursor& cursor, bool end_of_day) {
    const std::size_t begin = cursor.offset();
    const auto hour = cursor.take_digits(2);
    const bool colon = hour && cursor.take(':');
    const auto minute = colon ? cursor.take_digits(2) : std::nullopt;
    const auto total = minute ? *hour * 60 + *minute : kMinutesPerDay + 1;
    const int most = end_of_day ? kMinutesPerDay : kMinutesPerDay - 1;
    if (!minute || *minute > 59 || total > most) {
        return cursor.expected_at(
            begin, std::string("a time from 00:00 to ") + (end_of_day ? "24:00" : "23:59"));
    }
    return static_cast<int>(total);
}

Result<std::chrono::year_month_day> take_date(TextCursor& cursor) {
    const std::size_t begin = cursor.offset();
    const auto year = cursor.take_digits(4);
    const auto month = year && cursor.take('-') ? cursor.take_digits(2) : std::nullopt;
    const auto day = month && cursor.take('-') ? cursor.take_digits(2) : std::nullopt;
    if (!day || *year < 1970) return cursor.expected_at(begin, "a date like 2026-12-01");
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return cursor.expected_at(begin, "a day that is in the calendar");
    return date;
}

}  // namespace muster::site
