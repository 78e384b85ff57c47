// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/ids.h"

namespace muster::site {

namespace {

std::string padded(long long number, std::size_t digits) {
    std::string text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return text;
}

}  // namespace

std::string to_text(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return padded(static_cast<int>(date.year()), 4) + "-" +
           padded(static_cast<unsigned>(date.month()), 2) + "-" +
           padded(static_cast<unsigned>(date.day()), 2) + " " + padded(clock.hours().count(), 2) +
           ":" + padded(clock.minutes().count(), 2) + " UTC";
}

}  // namespace muster::site
