// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/group_range.h"

#include <algorithm>

#include "net/address.h"
#include "session/group_address.h"

namespace muster::server {

namespace {

constexpr std::string_view kWords[] = {"auto", "ssm", "asm", "ssm6", "asm6"};

bool is_word(const std::string& text) {
    return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

Error no_range(const std::string& text) {
    return {Errc::invalid_argument,
            "'" + text +
                "' is none of auto, ssm, asm, ssm6, asm6, nor a range such as "
                "239.1.0.0-239.1.0.255 within 239.0.0.0/8 or 232.0.0.0/8"};
}

Result<std::uint32_t> number_of(const std::string& text, const std::string& whole) {
    const auto address = net::Address::parse_ip(text);
    if (!address.ok() || address->is_v6()) return no_range(whole);
    std::uint32_t number = 0;
    for (const std::byte octet : address->ip_bytes()) {
        number = number << 8 | std::to_integer<std::uint32_t>(octet);
    }
    return number;
}

std::string dotted(std::uint32_t number) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        text += std::to_string(number >> shift & 0xff) + (shift > 0 ? "." : "");
    }
    return text;
}

Result<Range> parse_range(const std::string& text) {
    const auto dash = text.find('-');
    if (dash == std::string::npos) return no_range(text);
    Range range{TRY(number_of(text.substr(0, dash), text)),
                TRY(number_of(text.substr(dash + 1), text))};
    const auto block = range.first >> 24;
    const bool fits = (block == 239 || block == 232) && block == range.last >> 24;
    if (!fits || range.first > range.last) return no_range(text);
    return range;
}

}  // namespace

Status check_group_range(const std::string& text) {
    if (is_word(text)) return {};
    const auto range = parse_range(text);
    return range.ok() ? Status() : Status(range.error());
}

Result<std::string> choose_group(const std::string& range, std::uint16_t first_port,
                                 std::uint16_t last_port, std::uint32_t session,
                                 const net::Interface& interface,
                                 const std::set<std::string>& taken) {
    if (is_word(range)) {
        const std::string word = range == "auto" ? "" : range;
        // Of the word's many groups, with a port of the range.
        for (std::uint32_t attempt = 0; attempt < 1000; ++attempt) {
            const std::uint32_t number = session + 0x9E3779B9U * attempt;
            const auto drawn = TRY(session::group_address(word, number, interface));
            const auto port = static_cast<std::uint16_t>(
                first_port + number % (std::uint32_t{last_port} - first_port + 1U));
            const std::string text = drawn.with_port(port).to_string();
            if (taken.count(text) == 0) return text;
        }
        return Error(Errc::no_space, "no free group was found");
    }
    const auto addresses = TRY(parse_range(range));
    for (std::uint64_t number = addresses.first; number <= addresses.last; ++number) {
        const std::string address = dotted(static_cast<std::uint32_t>(number));
        for (std::uint32_t port = first_port; port <= last_port; ++port) {
            const std::string text = address + ":" + std::to_string(port);
            // A group each: receivers of two sessions in one group would get both streams.
            const bool used = std::any_of(taken.begin(), taken.end(), [&](const auto& other) {
                return other.starts_with(address + ":");
            });
            if (used) break;
            return text;
        }
    }
    return Error(Errc::no_space, "every address of " + range + " is taken");
}

}  // namespace muster::server
