// SPDX-License-Identifier: GPL-3.0-or-later
//
// Wakes computers that are off: a magic packet (AMD, "Magic Packet Technology", 1995) is six bytes
// of ff and sixteen times the card's MAC address, here in a UDP broadcast to port 9.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::net {

// `mac` as site::parse_mac gives it. Sends it out of `interface`; nobody answers. Errors of the
// operating system; Errc::invalid_argument: not six bytes.
Status wake(const std::string& interface, std::string_view mac);

}  // namespace muster::net
