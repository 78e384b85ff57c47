// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/posix_zone.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "site/ascii.h"
#include "site/text_cursor.h"

namespace muster::store {

namespace {

using site::TextCursor;
using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using Transition = site::TimeZone::Transition;

// A day of every year: "M3.5.0" (the last Sunday of March), "J60" (without 29 February, from 1),
// "59" (with it, from 0).
struct YearDay {
    enum class Kind { weekday_of_month, without_leap_day, with_leap_day };
    Kind kind = Kind::with_leap_day;
    unsigned month = 0, week = 0, weekday = 0;
    int day = 0;
    seconds at{0};  // on that day, by the clock before the change

    sys_days in(std::chrono::year year) const {
        using namespace std::chrono;
        const sys_days first = year / January / 1;
        if (kind == Kind::with_leap_day) return first + days(day);
        if (kind == Kind::without_leap_day) {
            return first + days(day - 1 + (year.is_leap() && day > 59 ? 1 : 0));
        }
        const auto name = std::chrono::weekday(weekday);
        const auto of_month = year / std::chrono::month(month);
        return week == 5 ? sys_days(of_month / name[last]) : sys_days(of_month / name[week]);
    }
};

std::optional<unsigned> take_number(TextCursor& cursor, unsigned least, unsigned most) {
    const auto digits = cursor.take_while(site::is_digit);
    unsigned number = 0;
    for (const char c : digits)
        number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 1000U);
    if (digits.empty() || number < least || number > most) return std::nullopt;
    return number;
}

// "CET" or "<+03>".
bool take_name(TextCursor& cursor) {
    if (!cursor.take('<')) return cursor.take_while(site::is_letter).size() >= 3;
    cursor.take_while([](char c) { return c != '>'; });
    return cursor.take('>');
}

// "[+-]hh[:mm[:ss]]".
std::optional<seconds> take_time(TextCursor& cursor) {
    constexpr unsigned kMaxHours = 167;
    const bool negative = cursor.take('-');
    if (!negative) cursor.take('+');
    std::optional<unsigned> part = take_number(cursor, 0, kMaxHours);
    if (!part) return std::nullopt;
    seconds time = std::chrono::hours(*part);
    for (const int unit : {60, 1}) {
        if (!cursor.take(':')) break;
        part = take_number(cursor, 0, 59);
        if (!part) return std::nullopt;
        time += seconds(*part * static_cast<unsigned>(unit));
    }
    return negative ? -time : time;
}

std::optional<YearDay> take_year_day(TextCursor& cursor) {
    YearDay rule;
    if (!cursor.take(',')) return std::nullopt;
    if (cursor.take('M')) {
        rule.kind = YearDay::Kind::weekday_of_month;
        const auto month = take_number(cursor, 1, 12);
        const auto week = cursor.take('.') ? take_number(cursor, 1, 5) : std::nullopt;
        const auto weekday = cursor.take('.') ? take_number(cursor, 0, 6) : std::nullopt;
        if (!month || !week || !weekday) return std::nullopt;
        rule.month = *month;
        rule.week = *week;
        rule.weekday = *weekday;
    } else {
        const bool without = cursor.take('J');
        rule.kind = without ? YearDay::Kind::without_leap_day : YearDay::Kind::with_leap_day;
        const auto day = without ? take_number(cursor, 1, 365) : take_number(cursor, 0, 365);
        if (!day) return std::nullopt;
        rule.day = static_cast<int>(*day);
    }
    const auto at = cursor.take('/') ? take_time(cursor) : std::chrono::hours(2);
    if (!at) return std::nullopt;
    rule.at = *at;
    return rule;
}

struct Rule {
    seconds standard{0};  // offset, east positive
    seconds summer{0};
    YearDay begin, end;  // of summer
};

// False: not in the form. `rule` stays empty without daylight saving time.
bool read_rule(std::string_view text, std::optional<Rule>& rule) {
    TextCursor cursor(text);
    Rule read;
    if (!take_name(cursor)) return false;
    const auto standard = take_time(cursor);
    if (!standard) return false;
    read.standard = -*standard;
    if (cursor.at_end()) return true;
    if (!take_name(cursor)) return false;
    read.summer = read.standard + std::chrono::hours(1);
    if (cursor.peek() != ',') {
        const auto summer = take_time(cursor);
        if (!summer) return false;
        read.summer = -*summer;
    }
    const auto begin = take_year_day(cursor);
    const auto end = begin ? take_year_day(cursor) : std::nullopt;
    if (!end || !cursor.at_end()) return false;
    read.begin = *begin;
    read.end = *end;
    rule = read;
    return true;
}

}  // namespace

Status extend_by_rule(site::TimeZone& zone, std::string_view text, int last_year) {
    if (text.empty()) return {};
    std::optional<Rule> rule;
    if (!read_rule(text, rule)) {
        return Error(Errc::corrupt, "no rule of a time zone: '" + std::string(text) + "'");
    }
    if (!rule) return {};
    auto& known = zone.transitions;
    const bool has_past = !known.empty();
    const auto last = has_past ? known.back().at : std::chrono::sys_seconds{};
    const std::chrono::year_month_day from(std::chrono::floor<days>(last));
    std::vector<Transition> future;
    for (auto year = from.year(); year <= std::chrono::year(last_year); ++year) {
        future.push_back({rule->begin.in(year) + rule->begin.at - rule->standard, rule->summer});
        future.push_back({rule->end.in(year) + rule->end.at - rule->summer, rule->standard});
    }
    std::ranges::stable_sort(future, {}, &Transition::at);
    for (const auto& transition : future) {
        if (has_past && transition.at <= last) continue;
        // Daylight saving time for ever is written as a summer that ends when the next begins.
        if (!known.empty() && known.back().at == transition.at) {
            known.back().offset = transition.offset;
        } else {
            known.push_back(transition);
        }
    }
    return {};
}

}  // namespace muster::store
