// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/interface.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "net/multicast_options.h"
#include "net/sockaddr.h"

namespace muster::net {

namespace {
int mtu_of(int fd, const std::string& name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    return ::ioctl(fd, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : 0;
}

Interface& entry_for(std::vector<Interface>& list, const ifaddrs& entry, int fd) {
    const std::string name = entry.ifa_name;
    const auto known =
        std::find_if(list.begin(), list.end(), [&](const Interface& i) { return i.name == name; });
    if (known != list.end()) return *known;
    Interface interface;
    interface.name = name;
    interface.index = ::if_nametoindex(name.c_str());
    interface.up = (entry.ifa_flags & IFF_UP) != 0;
    interface.running = (entry.ifa_flags & IFF_RUNNING) != 0;
    interface.loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0;
    interface.multicast = (entry.ifa_flags & IFF_MULTICAST) != 0;
    interface.mtu_bytes = mtu_of(fd, name);
    interface.wireless = is_wireless(name);
    return list.emplace_back(std::move(interface));
}
}  // namespace

Result<std::vector<Interface>> list_interfaces() {
    auto fd = TRY(open_udp_socket());
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) != 0) return error_from_errno(errno, "list network interfaces");
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(raw, &::freeifaddrs);
    std::vector<Interface> list;
    for (const ifaddrs* entry = raw; entry; entry = entry->ifa_next) {
        // A label such as eth0:1 is an address of eth0, not an interface.
        if (std::strchr(entry->ifa_name, ':')) *std::strchr(entry->ifa_name, ':') = '\0';
        auto& interface = entry_for(list, *entry, fd.value());
        if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET) {
            const auto address = from_sockaddr(entry->ifa_addr, sizeof(sockaddr_in));
            if (address) interface.ipv4.push_back(address->with_port(0));
        }
        if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET6) {
            const auto address = from_sockaddr(entry->ifa_addr, sizeof(sockaddr_in6));
            if (address) interface.ipv6.push_back(address->with_port(0));
        }
    }
    for (auto& interface : list) {
        std::stable_partition(interface.ipv6.begin(), interface.ipv6.end(),
                              [](const Address& address) { return !address.is_link_local(); });
    }
    return list;
}

Result<Interface> find_interface(std::string_view name) {
    const auto list = TRY(list_interfaces());
    std::string have;
    for (const auto& interface : list) {
        if (interface.name == name) return interface;
        have += (have.empty() ? "" : ", ") + interface.name;
    }
    return Error(Errc::not_found,
                 "no such interface: " + std::string(name) + " (have: " + have + ")");
}

bool is_wireless(std::string_view name, const std::string& sysfs_net) {
    const std::string folder = sysfs_net + "/" + std::string(name);
    return ::access((folder + "/phy80211").c_str(), F_OK) == 0 ||
           ::access((folder + "/wireless").c_str(), F_OK) == 0;
}

Result<Interface> resolve_interface(std::string_view name) {
    auto interface = TRY(find_interface(name));
    if (!interface.up) {
        return Error(Errc::unavailable,
                     interface.name + " is down: ip link set " + interface.name + " up");
    }
    const bool has_ipv6 = !interface.ipv6.empty() && !interface.ipv6.front().is_link_local();
    if (interface.ipv4.empty() && !has_ipv6) {
        return Error(Errc::unavailable, interface.name +
                                            " has no IPv4 address: wait for DHCP, or ip address "
                                            "add ADDRESS/PREFIX dev " +
                                            interface.name);
    }
    return interface;
}

Result<Address> own_address(const Interface& interface, bool v6) {
    const auto& list = v6 ? interface.ipv6 : interface.ipv4;
    if (!list.empty()) return list.front();
    return Error(Errc::unavailable,
                 interface.name + " has no " + (v6 ? "IPv6" : "IPv4") + " address");
}

Address any_own_address(const Interface& interface) {
    if (!interface.ipv4.empty()) return interface.ipv4.front();
    return interface.ipv6.empty() ? Address() : interface.ipv6.front();
}

Result<Interface> multicast_interface(std::string_view name, Wifi wifi) {
    auto interface = TRY(resolve_interface(name));
    TRY(check_multicast_route(interface));
    if (!interface.wireless || wifi == Wifi::allowed) return interface;
    return Error(Errc::unavailable,
                 interface.name +
                     " is wireless: access points send multicast at their lowest rate and do not "
                     "repeat what is lost, which slows everybody; use a cable, or --allow-wifi");
}

Status check_multicast_route(const Interface& interface) {
    if (!interface.multicast) {
        return Error(Errc::unavailable, interface.name + " does not carry multicast: ip link set " +
                                            interface.name + " multicast on");
    }
    const bool v6 = interface.ipv4.empty();
    auto fd = TRY(open_udp_socket(v6));
    TRY(set_outgoing(fd.value(), interface, v6, {}));
    // Connecting a UDP socket sends nothing; it only asks for the route.
    const auto group = v6 ? Address::ipv6({0xff, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 9)
                          : Address::ipv4({239, 192, 0, 1}, 9);
    const auto address = to_sockaddr(group, interface.index);
    if (::connect(fd.value(), address.raw(), address.length) != 0) {
        const int failure = errno;
        return Error(Errc::unavailable,
                     "no multicast route through " + interface.name + " (" +
                         std::strerror(failure) + "): ip " +
                         (v6 ? "-6 route add ff00::/8" : "route add 224.0.0.0/4") + " dev " +
                         interface.name + (v6 ? " table local" : ""));
    }
    return {};
}

}  // namespace muster::net
