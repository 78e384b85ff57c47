// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/places.h"

#include <algorithm>
#include <cstdint>

namespace muster::text {

Location PlaceCounter::at(std::size_t offset) {
    for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
        const auto byte = static_cast<unsigned char>(text_[offset_]);
        if (byte == '\n') {
            ++place_.line;
            place_.column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            ++place_.column;
        }
    }
    return place_;
}

MarkPlaces::MarkPlaces(std::string_view text) : line_starts_{0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') line_starts_.push_back(i + 1);
        if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continuation_bytes_.push_back(i);
    }
}

std::size_t MarkPlaces::offset(std::size_t line, std::size_t column_bytes) const {
    return (line < line_starts_.size() ? line_starts_[line] : 0) + column_bytes;
}

Location MarkPlaces::at(std::size_t line, std::size_t column_bytes) const {
    const std::size_t start = offset(line, 0);
    const auto first =
        std::lower_bound(continuation_bytes_.begin(), continuation_bytes_.end(), start);
    const auto last = std::lower_bound(first, continuation_bytes_.end(), start + column_bytes);
    const auto column = column_bytes - static_cast<std::size_t>(last - first);
    return {static_cast<std::uint32_t>(line + 1), static_cast<std::uint32_t>(column + 1)};
}

namespace {

// The length of the character at the front of `text`, 0 when it is not well-formed.
std::size_t character_bytes(std::string_view text) {
    const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t lead = byte_at(0);
    if (lead < 0x80) {
        return lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    std::uint32_t code_point = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(i) & 0xc0) != 0x80) return 0;
        code_point = (code_point << 6) | (byte_at(i) & 0x3fU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code_point < kSmallest[length] || code_point > 0x10ffff) return 0;
    if (code_point >= 0xd800 && code_point <= 0xdfff) return 0;
    return length;
}

}  // namespace

std::size_t first_unreadable_byte(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = character_bytes(text.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

}  // namespace muster::text
