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
};

// All interfaces of this network namespace, in the kernel's order.
Result<std::vector<Interface>> list_interfaces();

// The interface whatever its state. Errc::not_found: "no such interface: eth9 (have: lo, eth0)".
Result<Interface> find_interface(std::string_view name);

// The interface, up and with an IPv4 address. Errc::not_found as above; Errc::unavailable: "eth0
// is down: ip link set eth0 up", "eth0 has no IPv4 address: ...".
Result<Interface> resolve_interface(std::string_view name);

// Errc::unavailable: the interface lacks the MULTICAST flag, or the kernel finds no route for a
// multicast group through it; the message names the command that mends it.
Status check_multicast_route(const Interface& interface);

}  // namespace muster::net
