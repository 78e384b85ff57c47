// SPDX-License-Identifier: GPL-3.0-or-later
//
// From byte offsets to what an editor shows: line and column, counted in characters of UTF-8.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace muster::text {

// Offsets must not shrink from call to call: each byte is looked at once.
class PlaceCounter {
public:
    explicit PlaceCounter(std::string_view text) : text_(text) {}
    Location at(std::size_t offset);

private:
    std::string_view text_;
    std::size_t offset_ = 0;
    Location place_{1, 1};
};

// From yaml-cpp's marks, which count bytes. Any order, O(log n) each.
class MarkPlaces {
public:
    explicit MarkPlaces(std::string_view text);
    // Both from 0.
    Location at(std::size_t line, std::size_t column_bytes) const;
    std::size_t offset(std::size_t line, std::size_t column_bytes) const;

private:
    std::vector<std::size_t> line_starts_;
    std::vector<std::size_t> continuation_bytes_;  // offsets of all but first bytes of characters
};

// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: shortest form, no
// surrogates) or is a control character other than tab, line feed and carriage return; the size of
// the text when there is none.
std::size_t first_unreadable_byte(std::string_view text);

}  // namespace muster::text
