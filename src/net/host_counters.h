// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the kernel has counted for this computer (this network namespace) as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::net {

// Multicast packets, IPv4 and IPv6, for groups that a program here has joined, before the
// firewall's input rules; nothing when the kernel does not say.
std::optional<std::uint64_t> multicast_packets_received();

// One counter of /proc/net/netstat's text: a line of names, then a line of numbers, both with the
// same prefix.
std::optional<std::uint64_t> find_counter(std::string_view text, std::string_view prefix,
                                          std::string_view name);

}  // namespace muster::net
