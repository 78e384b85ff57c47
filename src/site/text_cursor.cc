// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/text_cursor.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "site/ascii.h"
#include "site/names.h"

namespace muster::site {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_word_character(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':' ||
           c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

// Levenshtein's distance, ignoring case, one row of the table at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

void TextCursor::skip_blanks() {
    while (is_blank(peek())) ++offset_;
}

bool TextCursor::take(char wanted) {
    if (at_end() || text_[offset_] != wanted) return false;
    ++offset_;
    return true;
}

std::string_view TextCursor::take_while(bool (*wanted)(char)) {
    const std::size_t begin = offset_;
    while (!at_end() && wanted(text_[offset_])) ++offset_;
    return text_.substr(begin, offset_ - begin);
}

bool TextCursor::take_word(std::string_view word) {
    std::size_t end = offset_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (!equal_ignoring_case(text_.substr(offset_, end - offset_), word)) return false;
    offset_ = end;
    return true;
}

std::optional<std::int64_t> TextCursor::take_digits(std::size_t digits) {
    std::int64_t number = 0;
    std::size_t end = offset_;
    for (; end < text_.size() && is_digit(text_[end]); ++end) {
        if (end - offset_ == digits) return std::nullopt;
        number = number * 10 + (text_[end] - '0');
    }
    if (end - offset_ != digits) return std::nullopt;
    offset_ = end;
    return number;
}

std::optional<Decimal> TextCursor::take_decimal() {
    Decimal decimal;
    decimal.whole = take_while(is_digit);
    if (decimal.whole.empty()) return std::nullopt;
    if (peek() == '.' && offset_ + 1 < text_.size() && is_digit(text_[offset_ + 1])) {
        skip(1);
        decimal.fraction = take_while(is_digit);
    }
    return decimal;
}

std::optional<std::int64_t> scaled(const Decimal& value, std::int64_t unit) {
    constexpr std::size_t kMaxDigits = 18;
    if (value.whole.size() + value.fraction.size() > kMaxDigits) return std::nullopt;
    __int128 digits = 0;
    __int128 divisor = 1;
    for (const char c : value.whole) digits = digits * 10 + (c - '0');
    for (const char c : value.fraction) {
        digits = digits * 10 + (c - '0');
        divisor *= 10;
    }
    const __int128 product = digits * unit / divisor;
    if (product > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return static_cast<std::int64_t>(product);
}

Error TextCursor::error_at(std::size_t offset, std::string_view message) const {
    const auto before = text_.substr(0, offset);
    const auto column =
        1 + std::count_if(before.begin(), before.end(), [](char c) { return !is_continuation(c); });
    return {Errc::invalid_argument,
            "column " + std::to_string(column) + ": " + std::string(message)};
}

Error TextCursor::expected_at(std::size_t offset, std::string_view what) const {
    std::string found = "the end";
    if (offset < text_.size()) {
        const char first = text_[offset];
        const bool quoted = first == '\'' || first == '"';
        std::size_t end =
            quoted ? std::min(text_.find(first, offset + 1), text_.size() - 1) + 1 : offset;
        while (!quoted && end < text_.size() && is_word_character(text_[end])) ++end;
        if (end == offset) ++end;
        found = printable(text_.substr(offset, end - offset));
        if (!quoted) found = "'" + found + "'";
    }
    return error_at(offset, "expected " + std::string(what) + ", found " + found);
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t kMaxWordBytes = 100;
    std::string_view nearest;
    std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
    if (word.size() > kMaxWordBytes) return {};
    for (const auto candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= fewest) continue;
        fewest = distance;
        nearest = candidate;
    }
    return nearest;
}

}  // namespace muster::site
