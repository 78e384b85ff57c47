// SPDX-License-Identifier: GPL-3.0-or-later
//
// An IP address with a port, as a value: what people write in options ("239.192.0.1:5000",
// "[ff3e::1]:5000") and what sockets report.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::net {

class Address {
public:
    // 0.0.0.0:0, any address and any port.
    Address() = default;
    // Octets as written: ipv4({10, 0, 0, 1}, 5000).
    static Address ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port = 0);
    static Address ipv6(const std::array<std::uint8_t, 16>& octets, std::uint16_t port = 0);
    static Address loopback(std::uint16_t port = 0) { return ipv4({127, 0, 0, 1}, port); }
    // "IP:PORT" or "[IP6]:PORT". Errc::invalid_argument: anything else, host names included.
    static Result<Address> parse(std::string_view text);
    // "IP" without a port. Errc::invalid_argument: anything else.
    static Result<Address> parse_ip(std::string_view text, std::uint16_t port = 0);

    bool is_v4() const { return !v6_; }
    bool is_v6() const { return v6_; }
    bool is_any() const;
    bool is_loopback() const;
    bool is_multicast() const;
    bool is_link_local() const;  // 169.254/16 or fe80::/10
    // 232/8 or ff3x::/32: a group that is joined together with its source (RFC 4607).
    bool is_source_specific() const;

    std::uint16_t port() const { return port_; }
    Address with_port(std::uint16_t port) const;
    // 4 or 16 bytes in network order.
    ByteSpan ip_bytes() const { return ByteSpan(octets_).first(v6_ ? 16 : 4); }
    // "10.0.0.1", "fe80::1".
    std::string ip() const;
    // "10.0.0.1:80", "[fe80::1]:80"; parse() reads it back.
    std::string to_string() const;

    auto operator<=>(const Address&) const = default;

private:
    std::array<std::byte, 16> octets_{};
    bool v6_ = false;
    std::uint16_t port_ = 0;
};

// "HOST:PORT" where HOST may be a name: for a server that people name. IPv6 in brackets.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    // As it is written in a URL.
    std::string to_string() const;
    // Errc::invalid_argument: no host, no port, or a port outside 1 to 65535.
    static Result<HostPort> parse(std::string_view text);
};

}  // namespace muster::net

template <>
struct std::hash<muster::net::Address> {
    std::size_t operator()(const muster::net::Address& address) const noexcept;
};
