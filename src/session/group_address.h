// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which multicast group a session uses. Unless one is written out, it is drawn from the session's
// number, so that sessions, also those of different servers, hardly ever share one:
//
//   ssm   232.0.0.0/8      source specific (RFC 4607): switches and routers pass on this server's
//                          datagrams only, and the group need not be agreed with anybody
//   asm   239.192.0.0/14   any source, organisation-local scope (RFC 2365)
//   ssm6  ff35::8000:0/97  source specific, site scope
//   asm6  ff15::8000:0/112 and up: any source, site scope, transient (RFC 3307)
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "net/interface.h"

namespace muster::session {

// TEXT is a group ("239.1.2.3:5000", "[ff15::1:2]:5000"), one of the four words above, or empty:
// ssm, or ssm6 on an interface without an IPv4 address. Ports are 49152 to 65535. Groups whose
// MAC addresses equal those of 224.0.0.x or of solicited nodes, which switches flood, are not
// drawn.
Result<net::Address> group_address(const std::string& text, std::uint32_t session,
                                   const net::Interface& interface);

}  // namespace muster::session
