// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/group_address.h"

#include "base/prng.h"

namespace muster::session {

namespace {

net::Address draw_v4(bool source_specific, Prng& prng) {
    const auto octet = [&](std::uint64_t from, std::uint64_t count) {
        return static_cast<std::uint8_t>(from + prng.below(count));
    };
    const std::uint8_t second = source_specific ? octet(0, 256) : octet(192, 4);
    const std::uint8_t third = octet(1, 255);  // x.0.0.y and x.128.0.y look like 224.0.0.y
    const std::uint8_t first = source_specific ? 232 : 239;
    return net::Address::ipv4({first, second, third, octet(0, 256)});
}

net::Address draw_v6(bool source_specific, Prng& prng) {
    // Dynamic group ids begin at 8000:0 (RFC 3307); ffxx:xxxx would be a solicited node's MAC.
    const auto id = static_cast<std::uint32_t>(0x8000'0000u + prng.below(0x7f00'0000u));
    std::array<std::uint8_t, 16> octets{0xff,
                                        static_cast<std::uint8_t>(source_specific ? 0x35 : 0x15)};
    for (unsigned i = 0; i < 4; ++i) {
        octets[12 + i] = static_cast<std::uint8_t>(id >> (24 - 8 * i));
    }
    return net::Address::ipv6(octets);
}

Result<net::Address> parse_group(const std::string& text) {
    const auto group = net::Address::parse(text);
    if (group.ok() && group->is_multicast() && group->port() != 0) return group;
    return Error(Errc::invalid_argument,
                 "multicast group: " + text +
                     " is no group with a port: write 239.192.0.1:5000 or [ff15::1:2]:5000, or one "
                     "of the words ssm, asm, ssm6, asm6");
}

}  // namespace

Result<net::Address> group_address(const std::string& text, std::uint32_t session,
                                   const net::Interface& interface) {
    std::string kind = text;
    if (kind.empty()) kind = interface.ipv4.empty() ? "ssm6" : "ssm";
    const bool v6 = kind == "ssm6" || kind == "asm6";
    const bool source_specific = kind == "ssm" || kind == "ssm6";
    if (!v6 && !source_specific && kind != "asm") return parse_group(text);
    Prng prng(session);
    const auto group = v6 ? draw_v6(source_specific, prng) : draw_v4(source_specific, prng);
    return group.with_port(static_cast<std::uint16_t>(49152 + prng.below(16384)));
}

}  // namespace muster::session
