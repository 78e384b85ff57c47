// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/interface.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "net/sockaddr.h"

namespace muster::net {

namespace {
bool is_wireless(int fd, const std::string& name) {
    const std::string phy = "/sys/class/net/" + name + "/phy80211";
    if (::access(phy.c_str(), F_OK) == 0) return true;
    // linux/wireless.h, which does not go together with net/if.h.
    constexpr unsigned long kSiocgiwname = 0x8B01;
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    return ::ioctl(fd, kSiocgiwname, &request) == 0;
}

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
    interface.wireless = is_wireless(fd, name);
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

Result<Interface> resolve_interface(std::string_view name) {
    auto interface = TRY(find_interface(name));
    if (!interface.up) {
        return Error(Errc::unavailable,
                     interface.name + " is down: ip link set " + interface.name + " up");
    }
    if (interface.ipv4.empty()) {
        return Error(Errc::unavailable, interface.name +
                                            " has no IPv4 address: wait for DHCP, or ip address "
                                            "add ADDRESS/PREFIX dev " +
                                            interface.name);
    }
    return interface;
}

Status check_multicast_route(const Interface& interface) {
    if (!interface.multicast) {
        return Error(Errc::unavailable, interface.name + " does not carry multicast: ip link set " +
                                            interface.name + " multicast on");
    }
    auto fd = TRY(open_udp_socket());
    ip_mreqn request{};
    request.imr_ifindex = static_cast<int>(interface.index);
    if (::setsockopt(fd.value(), IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) {
        return error_from_errno(errno, "send multicast through " + interface.name);
    }
    // Connecting a UDP socket sends nothing; it only asks for the route.
    const auto group = to_sockaddr(Address::ipv4({239, 192, 0, 1}, 9));
    if (::connect(fd.value(), group.raw(), group.length) != 0) {
        return Error(Errc::unavailable, "no multicast route through " + interface.name + " (" +
                                            std::strerror(errno) +
                                            "): ip route add 224.0.0.0/4 dev " + interface.name);
    }
    return {};
}

}  // namespace muster::net
