// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/names.h"

#include <cstdint>

#include "site/ascii.h"

namespace muster::site {

namespace {

constexpr std::size_t kMaxDeviceNameBytes = 63;
constexpr std::size_t kMaxNameCharacters = 100;
constexpr std::size_t kMaxPrintedBytes = 60;

// The bytes of the well-formed UTF-8 character at the front (RFC 3629), 0 when it is none or a
// control character (C0, DEL, C1).
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const unsigned second = byte(1);
    if (lead == 0xc2 && second < 0xa0) return 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0)) return 0;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90)) return 0;
    return length;
}

Error refused(std::string_view kind, std::string_view name, std::string_view why) {
    return {Errc::invalid_argument,
            std::string(kind) + " name '" + printable(name) + "': " + std::string(why)};
}

}  // namespace

bool is_id_text(std::string_view text) {
    if (text.empty()) return false;
    for (char c : text) {
        if (!is_digit(c)) return false;
    }
    return true;
}

std::string name_key(std::string_view name) {
    std::string key(name);
    for (char& c : key) c = lower(c);
    return key;
}

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const std::size_t length = character_bytes(text);
        if (shown.size() + length > kMaxPrintedBytes) return shown + "...";
        if (length == 0) {
            shown += '?';
            text.remove_prefix(1);
        } else {
            shown += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return shown;
}

Status check_device_name(std::string_view name) {
    constexpr std::string_view kRule =
        "allowed are 1 to 63 letters a-z, digits and hyphens, no hyphen at either end";
    if (name.empty() || name.size() > kMaxDeviceNameBytes || name.front() == '-' ||
        name.back() == '-') {
        return refused("device", name, kRule);
    }
    for (char c : name) {
        if (!is_digit(c) && !is_letter(c) && c != '-') return refused("device", name, kRule);
    }
    if (is_id_text(name)) {
        return refused("device", name, "at least one letter or hyphen, digits only mean an id");
    }
    return {};
}

Status check_name(std::string_view kind, std::string_view name) {
    if (name.empty()) return refused(kind, name, "must not be empty");
    if (name.front() == ' ' || name.back() == ' ') {
        return refused(kind, name, "no space at the beginning or the end");
    }
    std::size_t characters = 0;
    for (auto rest = name; !rest.empty(); ++characters) {
        const std::size_t length = character_bytes(rest);
        if (length == 0 || rest[0] == '/' || rest[0] == '\\') {
            return refused(kind, name, "no control characters, no / and no \\, text in UTF-8");
        }
        rest.remove_prefix(length);
    }
    if (characters > kMaxNameCharacters) {
        return refused(kind, name,
                       "at most 100 characters, this has " + std::to_string(characters));
    }
    if (is_id_text(name)) return refused(kind, name, "digits only mean an id, add a letter");
    return {};
}

Status check_text(std::string_view kind, std::string_view text, std::size_t max_characters) {
    std::size_t characters = 0;
    for (auto rest = text; !rest.empty(); ++characters) {
        const std::size_t length = character_bytes(rest);
        if (length == 0) {
            return Error(Errc::invalid_argument, std::string(kind) + " '" + printable(text) +
                                                     "': one line of text in UTF-8, no control "
                                                     "characters");
        }
        rest.remove_prefix(length);
    }
    if (characters > max_characters) {
        return Error(Errc::invalid_argument, std::string(kind) + " '" + printable(text) +
                                                 "': at most " + std::to_string(max_characters) +
                                                 " characters, this has " +
                                                 std::to_string(characters));
    }
    return {};
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    std::size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            for (++t; t < text.size() && is_continuation(text[t]);) ++t;
        } else if (p < pattern.size() && lower(pattern[p]) == lower(text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace muster::site
