// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/sockaddr.h"

#include <cerrno>
#include <cstring>

namespace muster::net {

SocketAddress to_sockaddr(const Address& address, unsigned interface_index) {
    SocketAddress out;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port());
        v4.sin_addr = to_in_addr(address);
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.length = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(address.port());
        std::memcpy(&v6.sin6_addr, address.ip_bytes().data(), 16);
        if (address.is_link_local() || address.is_multicast()) v6.sin6_scope_id = interface_index;
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.length = sizeof v6;
    }
    return out;
}

std::optional<Address> from_sockaddr(const sockaddr* address, socklen_t length) {
    if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        std::array<std::uint8_t, 4> octets{};
        std::memcpy(octets.data(), &v4.sin_addr, octets.size());
        return Address::ipv4(octets, ntohs(v4.sin_port));
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        std::array<std::uint8_t, 16> octets{};
        std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
        return Address::ipv6(octets, ntohs(v6.sin6_port));
    }
    return {};
}

in_addr to_in_addr(const Address& address) {
    in_addr out{};
    std::memcpy(&out, address.ip_bytes().data(), sizeof out);
    return out;
}

Result<UniqueFd> open_udp_socket(bool v6) {
    UniqueFd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return error_from_errno(errno, "open a UDP socket");
    if (v6) TRY(set_option(fd.value(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "open an IPv6 socket"));
    return fd;
}

Status set_option(int fd, int level, int name, int value, std::string_view what) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) {
        return error_from_errno(errno, what);
    }
    return {};
}

Result<Address> local_address_of(int fd) {
    SocketAddress address;
    address.length = sizeof address.storage;
    if (::getsockname(fd, address.raw(), &address.length) != 0) {
        return error_from_errno(errno, "ask a socket for its address");
    }
    const auto local = from_sockaddr(address.raw(), address.length);
    if (!local) return Error(Errc::internal, "a socket has an address of an unknown family");
    return *local;
}

std::size_t size_buffer(int fd, int direction, std::size_t wanted_bytes) {
    const int wanted = static_cast<int>(std::min<std::size_t>(wanted_bytes, 1 << 30));
    const int forced = direction == SO_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;
    if (::setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof wanted) != 0) {
        // Not allowed to pass the limit: the kernel takes what fits under it.
        ::setsockopt(fd, SOL_SOCKET, direction, &wanted, sizeof wanted);
    }
    int granted = 0;
    socklen_t length = sizeof granted;
    ::getsockopt(fd, SOL_SOCKET, direction, &granted, &length);
    // socket(7): the kernel doubles the value for its own bookkeeping and reports the double.
    return static_cast<std::size_t>(granted) / 2;
}

}  // namespace muster::net
