// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace muster::net {

namespace {
Error no_address(std::string_view text) {
    return {Errc::invalid_argument, "\"" + std::string(text) +
                                        "\" is no address: write IP:PORT, for example "
                                        "192.168.1.10:8443 or [fd00::10]:8443"};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > 65535) return {};
    return static_cast<std::uint16_t>(value);
}

struct Halves {
    std::string_view host;
    std::string_view port;
};

// "a:1" and "[a]:1"; a bare IPv6 address has more than one colon and is refused.
std::optional<Halves> split(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find("]:");
        if (close == std::string_view::npos) return {};
        return Halves{text.substr(1, close - 1), text.substr(close + 2)};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
        return {};
    }
    return Halves{text.substr(0, colon), text.substr(colon + 1)};
}
}  // namespace

Address Address::ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port) {
    Address address;
    for (std::size_t i = 0; i < octets.size(); ++i) address.octets_[i] = std::byte(octets[i]);
    address.port_ = port;
    return address;
}

Address Address::ipv6(const std::array<std::uint8_t, 16>& octets, std::uint16_t port) {
    Address address;
    for (std::size_t i = 0; i < octets.size(); ++i) address.octets_[i] = std::byte(octets[i]);
    address.v6_ = true;
    address.port_ = port;
    return address;
}

Result<Address> Address::parse_ip(std::string_view text, std::uint16_t port) {
    const std::string copy(text);
    std::array<std::uint8_t, 4> v4{};
    if (::inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return ipv4(v4, port);
    std::array<std::uint8_t, 16> v6{};
    if (::inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return ipv6(v6, port);
    return Error(Errc::invalid_argument, "\"" + copy + "\" is no IP address");
}

Result<Address> Address::parse(std::string_view text) {
    const auto halves = split(text);
    if (!halves) return no_address(text);
    const auto port = parse_port(halves->port);
    if (!port) return no_address(text);
    auto address = parse_ip(halves->host, *port);
    if (!address || address->is_v6() != text.starts_with('[')) return no_address(text);
    return address;
}

bool Address::is_any() const {
    for (auto octet : ip_bytes()) {
        if (octet != std::byte{0}) return false;
    }
    return true;
}

bool Address::is_loopback() const {
    if (!v6_) return octets_[0] == std::byte{127};
    for (std::size_t i = 0; i < 15; ++i) {
        if (octets_[i] != std::byte{0}) return false;
    }
    return octets_[15] == std::byte{1};
}

bool Address::is_multicast() const {
    if (v6_) return octets_[0] == std::byte{0xff};
    return (octets_[0] & std::byte{0xf0}) == std::byte{0xe0};
}

bool Address::is_link_local() const {
    if (!v6_) return octets_[0] == std::byte{169} && octets_[1] == std::byte{254};
    return octets_[0] == std::byte{0xfe} && (octets_[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool Address::is_source_specific() const {
    if (!v6_) return octets_[0] == std::byte{232};
    return octets_[0] == std::byte{0xff} && (octets_[1] & std::byte{0xf0}) == std::byte{0x30} &&
           octets_[2] == std::byte{0} && octets_[3] == std::byte{0};
}

Address Address::with_port(std::uint16_t port) const {
    Address copy = *this;
    copy.port_ = port;
    return copy;
}

std::string Address::ip() const {
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(v6_ ? AF_INET6 : AF_INET, octets_.data(), text, sizeof text);
    return text;
}

std::string Address::to_string() const { return HostPort{ip(), port_}.to_string(); }

std::string HostPort::to_string() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> HostPort::parse(std::string_view text) {
    const auto halves = split(text);
    const auto port = halves ? parse_port(halves->port) : std::nullopt;
    const auto bad_host = !halves || halves->host.empty() ||
                          halves->host.find_first_of(" /@?#\r\n\t") != std::string_view::npos;
    if (bad_host || !port || *port == 0) {
        return Error(Errc::invalid_argument,
                     "\"" + std::string(text) +
                         "\" names no server: write HOST:PORT, for example 192.168.1.10:8443");
    }
    return HostPort{std::string(halves->host), *port};
}

}  // namespace muster::net

std::size_t std::hash<muster::net::Address>::operator()(
    const muster::net::Address& address) const noexcept {
    std::size_t mixed = 1469598103934665603ULL;  // FNV-1a
    for (auto octet : address.ip_bytes()) {
        mixed = (mixed ^ std::to_integer<std::size_t>(octet)) * 1099511628211ULL;
    }
    return (mixed ^ address.port()) * 1099511628211ULL;
}
