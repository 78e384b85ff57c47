// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/igmp_socket.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/multicast_options.h"
#include "net/sockaddr.h"

namespace muster::net {

namespace {

constexpr int kInternetworkControl = 48;  // the DSCP of network control (RFC 3376, 4; CS6)

// Routers look at a packet that is not for them only when it says so (RFC 2113, RFC 2711).
Status set_router_alert(int fd, bool v6) {
    constexpr std::array<std::uint8_t, 4> kV4{0x94, 4, 0, 0};
    constexpr std::array<std::uint8_t, 8> kV6{0, 0, 5, 2, 0, 0, 1, 0};  // and two bytes of padding
    const int failed = v6 ? ::setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, kV6.data(), kV6.size())
                          : ::setsockopt(fd, IPPROTO_IP, IP_OPTIONS, kV4.data(), kV4.size());
    if (failed != 0) return error_from_errno(errno, "set the router alert option");
    return {};
}

Status hear_queries_only(int fd) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(MLD_LISTENER_QUERY, &filter);
    if (::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) != 0) {
        return error_from_errno(errno, "filter ICMPv6");
    }
    return {};
}

Result<Address> source_of(const Interface& interface, bool v6) {
    if (!v6) return own_address(interface, false);
    for (const auto& address : interface.ipv6) {
        if (address.is_link_local()) return address;
    }
    return Error(Errc::unavailable, interface.name + " has no link-local IPv6 address");
}

// The message behind the IP header that a raw IPv4 socket hands along.
ByteSpan behind_header(ByteSpan packet) {
    if (packet.empty()) return {};
    const auto bytes = (std::to_integer<std::size_t>(packet[0]) & 0x0f) * 4;
    return bytes > packet.size() ? ByteSpan() : packet.subspan(bytes);
}

}  // namespace

Result<IgmpSocket> IgmpSocket::open(const Interface& interface, bool v6) {
    const auto own = TRY(source_of(interface, v6));
    const std::string on = " on " + interface.name;
    const int protocol = v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_IGMP};
    UniqueFd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         protocol));
    if (!fd && errno == EPERM) {
        return Error(Errc::permission_denied, "speaking IGMP" + on + " needs root or CAP_NET_RAW");
    }
    if (!fd) return error_from_errno(errno, "open a raw socket" + on);
    const int raw = fd.value();
    if (::setsockopt(raw, SOL_SOCKET, SO_BINDTODEVICE, interface.name.c_str(),
                     static_cast<socklen_t>(interface.name.size())) != 0) {
        return error_from_errno(errno, "bind a raw socket to " + interface.name);
    }
    TRY(set_outgoing(raw, interface, v6, {.hops = 1, .dscp = kInternetworkControl}));
    TRY(set_router_alert(raw, v6));
    if (v6) {
        TRY(hear_queries_only(raw));
        // Bound to an address an IPv4 socket would not hear groups; an IPv6 one does.
        const auto address = to_sockaddr(own, interface.index);
        if (::bind(raw, address.raw(), address.length) != 0) {
            return error_from_errno(errno, "bind a raw socket to " + own.ip());
        }
    }
    return IgmpSocket(std::move(fd), own, interface.index);
}

Status IgmpSocket::send(const Address& to, ByteSpan message) {
    const auto address = to_sockaddr(to.with_port(0), interface_index_);
    if (::sendto(fd_.value(), message.data(), message.size(), 0, address.raw(), address.length) <
        0) {
        return error_from_errno(errno, "send IGMP to " + to.ip());
    }
    return {};
}

Result<std::vector<IgmpSocket::Heard>> IgmpSocket::receive() {
    std::vector<Heard> heard;
    std::array<std::byte, 2048> buffer;
    while (true) {
        SocketAddress from;
        from.length = sizeof from.storage;
        const auto got =
            ::recvfrom(fd_.value(), buffer.data(), buffer.size(), 0, from.raw(), &from.length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return heard;
        if (got < 0) return error_from_errno(errno, "receive IGMP");
        const auto address = from_sockaddr(from.raw(), from.length);
        ByteSpan message = ByteSpan(buffer).first(static_cast<std::size_t>(got));
        if (own_.is_v4()) message = behind_header(message);
        const auto query = parse_query(own_.is_v6(), message);
        if (!address || !query || address->with_port(0) == own_) continue;
        heard.push_back({address->with_port(0), *query});
    }
}

}  // namespace muster::net
