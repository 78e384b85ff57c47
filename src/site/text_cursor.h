// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading what a person typed on one line (a rule, a schedule, a time), with errors that name the
// column, counted in characters from 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::site {

// "8", "1.5": digits as written, to be scaled by a unit that stands behind them.
struct Decimal {
    std::string_view whole;
    std::string_view fraction;  // without the point
};
// value * unit, rounded down; empty: more than 18 digits, or too large for the type.
std::optional<std::int64_t> scaled(const Decimal& value, std::int64_t unit);

// The text must outlive it.
class TextCursor {
public:
    explicit TextCursor(std::string_view text) : text_(text) {}

    std::size_t offset() const { return offset_; }
    bool at_end() const { return offset_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[offset_]; }
    std::string_view rest() const { return text_.substr(offset_); }

    // Blanks, tabs and ends of lines.
    void skip_blanks();
    void skip(std::size_t bytes) { offset_ += bytes; }
    bool take(char wanted);
    std::string_view take_while(bool (*wanted)(char));
    // The letters that follow, when they are `word` in any case; nothing is taken otherwise.
    bool take_word(std::string_view word);
    // Exactly `digits` decimal digits (at most 18) and no digit after them.
    std::optional<std::int64_t> take_digits(std::size_t digits);
    // Digits, and a point with more digits when both are there; nothing is taken without a digit.
    std::optional<Decimal> take_decimal();

    // Errc::invalid_argument "column N: expected WHAT, found 'rest of the word'".
    Error expected(std::string_view what) const { return expected_at(offset_, what); }
    Error expected_at(std::size_t offset, std::string_view what) const;
    // Errc::invalid_argument "column N: MESSAGE".
    Error error_at(std::size_t offset, std::string_view message) const;

private:
    std::string_view text_;
    std::size_t offset_ = 0;
};

// The candidate with the fewest letters changed, left out or added, when that is few enough for a
// slip of the keyboard (a third of `word`); empty otherwise. Case does not count.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace muster::site
