// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/multicast_options.h"

#include <netinet/in.h>

#include <cerrno>

#include "net/sockaddr.h"

namespace muster::net {

Status set_outgoing(int fd, const Interface& interface, bool v6, const OutgoingOptions& options) {
    const std::string on = " on " + interface.name;
    const int index = static_cast<int>(interface.index);
    if (v6) {
        TRY(set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "send multicast" + on));
        TRY(set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, options.hops,
                       "set the multicast hop limit" + on));
        TRY(set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, options.loop ? 1 : 0,
                       "set multicast loop-back" + on));
        TRY(set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, options.dscp << 2, "set the DSCP" + on));
        return forbid_fragments(fd, interface, v6);
    }
    ip_mreqn request{};
    request.imr_ifindex = index;
    if (::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) {
        return error_from_errno(errno, "send multicast" + on);
    }
    TRY(set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, options.hops, "set the multicast TTL" + on));
    TRY(set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, options.loop ? 1 : 0,
                   "set multicast loop-back" + on));
    TRY(set_option(fd, IPPROTO_IP, IP_TOS, options.dscp << 2, "set the DSCP" + on));
    return forbid_fragments(fd, interface, v6);
}

Status forbid_fragments(int fd, const Interface& interface, bool v6) {
    const std::string what = "forbid IP fragments on " + interface.name;
    if (v6) {
        TRY(set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1, what));
        return set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, what);
    }
    return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, what);
}

Status hear_own_groups_only(int fd, const Interface& interface, bool v6) {
    const std::string what = "filter multicast on " + interface.name;
    return v6 ? set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, what)
              : set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, what);
}

Status change_membership(int fd, const Interface& interface, const Address& group,
                         const std::optional<Address>& source, Membership change) {
    const bool join = change == Membership::join;
    const int level = group.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP;
    int failed = 0;
    if (source) {
        group_source_req request{};
        request.gsr_interface = interface.index;
        request.gsr_group = to_sockaddr(group.with_port(0)).storage;
        request.gsr_source = to_sockaddr(source->with_port(0), interface.index).storage;
        failed = ::setsockopt(fd, level, join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
                              &request, sizeof request);
    } else {
        group_req request{};
        request.gr_interface = interface.index;
        request.gr_group = to_sockaddr(group.with_port(0)).storage;
        failed = ::setsockopt(fd, level, join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request,
                              sizeof request);
    }
    if (failed == 0) return {};
    const int failure = errno;
    const std::string what =
        std::string(join ? "join " : "leave ") + group.ip() + " on " + interface.name;
    if (failure == ENOBUFS) {
        return Error(Errc::no_space, what +
                                         ": this machine has joined too many groups: sysctl -w "
                                         "net.ipv4.igmp_max_memberships=100");
    }
    return error_from_errno(failure, what);
}

Status check_group(const Address& group) {
    if (group.is_multicast() && group.port() != 0) return {};
    return Error(Errc::invalid_argument,
                 group.to_string() +
                     " is no multicast group with a port: take one of 232.0.1.0 to "
                     "232.255.255.255, 239.192.0.0/14, ff35::/96 or ff15::/16");
}

}  // namespace muster::net
