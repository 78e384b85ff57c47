// SPDX-License-Identifier: GPL-3.0-or-later
//
// Most multicast that "does not work" leaves by the wrong interface, or by one that is down or
// has no address. So an interface is always named, and what is wrong with it is said in plain
// words with the command that mends it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace muster::net {

struct Interface {
    std::string name;
    unsigned index = 0;
    bool up = false;       // switched on by the administrator
    bool running = false;  // has a link (cable, association)
    bool loopback = false;
    bool multicast = false;  // carries the MULTICAST flag
    bool wireless = false;
    int mtu_bytes = 0;
    std::vector<Address> ipv4;  // port 0
    std::vector<Address> ipv6;  // port 0; those that are known beyond the link first
};

// All interfaces of this network namespace, in the kernel's order.
Result<std::vector<Interface>> list_interfaces();

// The interface whatever its state. Errc::not_found: "no such interface: eth9 (have: lo, eth0)".
Result<Interface> find_interface(std::string_view name);

// Whether SYSFS_NET/NAME is a radio: wireless extensions or a cfg80211 device stand behind it.
bool is_wireless(std::string_view name, const std::string& sysfs_net = "/sys/class/net");

// The interface, up and with an address known beyond its link. Errc::not_found as above;
// Errc::unavailable: "eth0 is down: ip link set eth0 up", "eth0 has no IPv4 address: ...".
Result<Interface> resolve_interface(std::string_view name);

// The address it sends from in that family. Errc::unavailable: "eth0 has no IPv6 address".
Result<Address> own_address(const Interface& interface, bool v6);
// Of either family, IPv4 first: for a name people recognise.
Address any_own_address(const Interface& interface);

// Errc::unavailable: the interface lacks the MULTICAST flag, or the kernel finds no route for a
// multicast group through it; the message names the command that mends it.
Status check_multicast_route(const Interface& interface);

enum class Wifi { refused, allowed };
// resolve_interface() and check_multicast_route(), and unless allowed no radio: access points send
// multicast at their lowest rate and do not repeat what is lost (RFC 9119).
Result<Interface> multicast_interface(std::string_view name, Wifi wifi);

}  // namespace muster::net
