// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/wake_on_lan.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "net/fd.h"

namespace muster::net {

namespace {

constexpr std::uint16_t kDiscard = 9;

Result<std::array<unsigned char, 6>> octets_of(std::string_view mac) {
    std::array<unsigned char, 6> octets{};
    bool fits = mac.size() == 17;
    for (std::size_t i = 0; fits && i < octets.size(); ++i) {
        const char* at = mac.data() + 3 * i;
        fits = std::from_chars(at, at + 2, octets[i], 16).ptr == at + 2;
    }
    if (!fits) return Error(Errc::invalid_argument, std::string(mac) + " is no MAC address");
    return octets;
}

}  // namespace

Status wake(const std::string& interface, std::string_view mac) {
    const auto octets = TRY(octets_of(mac));
    std::array<unsigned char, 102> packet{};
    std::fill_n(packet.begin(), 6, 0xff);
    for (std::size_t i = 0; i < 16; ++i) {
        std::copy(octets.begin(), octets.end(), packet.begin() + 6 + 6 * i);
    }
    UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    const bool ready =
        socket.valid() &&
        ::setsockopt(socket.value(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0 &&
        ::setsockopt(socket.value(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                     static_cast<socklen_t>(interface.size())) == 0;
    if (!ready) return error_from_errno(errno, "wake-on-LAN through " + interface);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kDiscard);
    to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    const auto sent = ::sendto(socket.value(), packet.data(), packet.size(), 0,
                               reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (sent < 0) return error_from_errno(errno, "wake-on-LAN through " + interface);
    return {};
}

}  // namespace muster::net
