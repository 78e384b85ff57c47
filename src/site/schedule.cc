// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/schedule.h"

#include <algorithm>
#include <array>

#include "site/ascii.h"

namespace muster::site {

namespace {

struct RateUnit {
    char letter;
    std::int64_t factor;
};
constexpr std::array kRateUnits = {RateUnit{'G', 1'000'000'000}, RateUnit{'M', 1'000'000},
                                   RateUnit{'k', 1000}};

bool holds_at(const RateLimit& limit, int minute_of_week) {
    const int day = minute_of_week / kMinutesPerDay;
    const int minute = minute_of_week % kMinutesPerDay;
    const bool from_today = limit.days.has(day) && minute >= limit.from_minute;
    if (limit.from_minute < limit.to_minute) return from_today && minute < limit.to_minute;
    return from_today || (limit.days.has((day + 6) % 7) && minute < limit.to_minute);
}

// The first minute of the week at which both hold.
std::optional<int> overlap(const RateLimit& a, const RateLimit& b) {
    for (int minute = 0; minute < kMinutesPerWeek; ++minute) {
        if (holds_at(a, minute) && holds_at(b, minute)) return minute;
    }
    return std::nullopt;
}

// Why `limit` cannot be added to `earlier`; empty when it can.
std::string misfit(const std::vector<RateLimit>& earlier, const RateLimit& limit) {
    if (earlier.size() == kMaxRateLimits) {
        return "more than " + std::to_string(kMaxRateLimits) + " entries";
    }
    if (limit.days.bits == 0 || limit.days.bits > 0x7f) return "no day of the week";
    if (limit.from_minute < 0 || limit.from_minute >= kMinutesPerDay || limit.to_minute < 1 ||
        limit.to_minute > kMinutesPerDay) {
        return "a time outside the day";
    }
    if (limit.from_minute == limit.to_minute) {
        return "begins and ends at " + format_clock(limit.from_minute) +
               "; 00:00-24:00 is a whole day";
    }
    if (limit.bits_per_second < 1) return "a rate of 0 would stop the session";
    for (const auto& other : earlier) {
        const auto both = overlap(other, limit);
        if (!both) continue;
        return "'" + to_string(limit) + "' overlaps '" + to_string(other) + "' on " +
               std::string(weekday_name(*both / kMinutesPerDay)) + " at " +
               format_clock(*both % kMinutesPerDay);
    }
    return "";
}

Result<std::int64_t> take_rate(TextCursor& cursor) {
    const std::size_t begin = cursor.offset();
    constexpr std::string_view kExpected = "a rate like 100M or 1.5G, in bits per second";
    const auto number = cursor.take_decimal();
    if (!number) return cursor.expected(kExpected);
    std::int64_t factor = 1;
    for (const auto& unit : kRateUnits) {
        if (lower(cursor.peek()) == lower(unit.letter)) factor = unit.factor;
    }
    if (factor > 1) cursor.skip(1);
    const auto rate = scaled(*number, factor);
    if (!rate || is_letter(cursor.peek()) || is_digit(cursor.peek())) {
        return cursor.expected_at(begin, kExpected);
    }
    return *rate;
}

std::string format_rate(std::int64_t bits_per_second) {
    for (const auto& unit : kRateUnits) {
        if (bits_per_second % unit.factor == 0) {
            return std::to_string(bits_per_second / unit.factor) + unit.letter;
        }
    }
    return std::to_string(bits_per_second);
}

Result<RateLimit> take_limit(TextCursor& cursor) {
    RateLimit limit;
    limit.days = TRY(take_weekdays(cursor));
    cursor.skip_blanks();
    limit.from_minute = TRY(take_clock(cursor, false));
    if (!cursor.take('-')) return cursor.expected("'-' and the end, like 08:00-17:00");
    limit.to_minute = TRY(take_clock(cursor, true));
    if (limit.to_minute == 0 && limit.from_minute > 0) limit.to_minute = kMinutesPerDay;
    cursor.skip_blanks();
    limit.bits_per_second = TRY(take_rate(cursor));
    return limit;
}

// Past what stands between two entries; false when the text goes on without it.
bool take_separator(TextCursor& cursor) {
    const auto before = cursor.rest();
    cursor.skip_blanks();
    const auto blanks = before.substr(0, before.size() - cursor.rest().size());
    bool separated = cursor.at_end() || blanks.find('\n') != std::string_view::npos;
    while (cursor.take(';')) {
        separated = true;
        cursor.skip_blanks();
    }
    return separated;
}

}  // namespace

std::string to_string(const RateLimit& limit) {
    return to_string(limit.days) + " " + format_clock(limit.from_minute) + "-" +
           format_clock(limit.to_minute) + " " + format_rate(limit.bits_per_second);
}

Result<RateSchedule> RateSchedule::create(std::vector<RateLimit> limits) {
    std::vector<RateLimit> checked;
    for (const auto& limit : limits) {
        const auto why = misfit(checked, limit);
        if (!why.empty()) return Error(Errc::invalid_argument, why);
        checked.push_back(limit);
    }
    return RateSchedule(std::move(checked));
}

std::optional<std::int64_t> RateSchedule::limit_at(int minute_of_week) const {
    const auto place = std::ranges::find_if(
        limits_, [&](const RateLimit& limit) { return holds_at(limit, minute_of_week); });
    if (place == limits_.end()) return std::nullopt;
    return place->bits_per_second;
}

Result<RateSchedule> parse_rate_schedule(std::string_view text) {
    TextCursor cursor(text);
    std::vector<RateLimit> limits;
    take_separator(cursor);
    while (!cursor.at_end()) {
        const std::size_t begin = cursor.offset();
        const RateLimit limit = TRY(take_limit(cursor));
        const auto why = misfit(limits, limit);
        if (!why.empty()) return cursor.error_at(begin, why);
        limits.push_back(limit);
        if (!take_separator(cursor)) return cursor.expected("';' or the end of the line");
    }
    return RateSchedule::create(std::move(limits));
}

std::string to_string(const RateSchedule& schedule) {
    std::string text;
    for (const auto& limit : schedule.limits()) {
        text += (text.empty() ? "" : "; ") + to_string(limit);
    }
    return text;
}

}  // namespace muster::site
