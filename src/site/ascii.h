// SPDX-License-Identifier: GPL-3.0-or-later
//
// Characters and words without a locale: what the site compares ignoring case, it compares so for
// ASCII letters alone, the same on every machine.
#pragma once

#include <algorithm>
#include <compare>
#include <string_view>

namespace muster::site {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_hex_digit(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
// A byte inside a character of UTF-8 that an earlier byte began.
constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

constexpr std::strong_ordering compare_ignoring_case(std::string_view a, std::string_view b) {
    return std::lexicographical_compare_three_way(
        a.begin(), a.end(), b.begin(), b.end(), [](char left, char right) {
            return static_cast<unsigned char>(lower(left)) <=>
                   static_cast<unsigned char>(lower(right));
        });
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && compare_ignoring_case(a, b) == std::strong_ordering::equal;
}

constexpr std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace muster::site
