// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_text.h"

namespace muster::store {

namespace {

// The bytes of the character at the front; 0 when it is NUL or not well-formed.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Shortest form, no surrogates, nothing above U+10FFFF.
    const unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= lowest && byte(1) <= highest ? length : 0;
}

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool stands_alone(std::string_view sql, std::size_t at, std::size_t size) {
    const bool before = at > 0 && is_word_character(sql[at - 1]);
    const bool after = at + size < sql.size() && is_word_character(sql[at + size]);
    return !before && !after;
}

}  // namespace

bool is_storable(std::string_view text) {
    while (!text.empty()) {
        const std::size_t bytes = character_bytes(text);
        if (bytes == 0) return false;
        text.remove_prefix(bytes);
    }
    return true;
}

std::string storable(std::string_view text) {
    std::string kept;
    while (!text.empty()) {
        const std::size_t bytes = character_bytes(text);
        if (bytes == 0) kept += '?';
        kept += text.substr(0, bytes);
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    return kept;
}

void replace_word(std::string& sql, std::string_view word, std::string_view replacement) {
    for (std::size_t at = sql.find(word); at != std::string::npos; at = sql.find(word, at)) {
        const bool alone = stands_alone(sql, at, word.size());
        if (alone) sql.replace(at, word.size(), replacement);
        at += alone ? replacement.size() : word.size();
    }
}

}  // namespace muster::store
