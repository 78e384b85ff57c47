// SPDX-License-Identifier: GPL-3.0-or-later
//
// The few packets of group management that we make or listen for ourselves, as bytes; the kernel
// does the rest. IGMPv2 and v3 (RFC 2236, RFC 3376) for IPv4, MLDv1 and v2 (RFC 2710, RFC 3810) for
// IPv6. No I/O: igmp_socket.h sends and receives them.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "net/address.h"

namespace muster::net {

struct QueryTimes {  // the defaults of RFC 3376, section 8, and RFC 3810, section 9
    Duration interval = std::chrono::seconds(125);
    Duration response = std::chrono::seconds(10);
    std::uint8_t robustness = 2;
};

// A general query, "who listens to what?": IGMPv3 or MLDv2. An MLD checksum is the kernel's work.
Bytes general_query(bool v6, const QueryTimes& times);

// "I listen to GROUP", as an IGMPv2 host or an MLDv1 one says it, and that it no longer does.
Bytes old_report(const Address& group);
Bytes old_leave(const Address& group);

// Where they go: queries to all nodes, reports to their group, leaves to all routers.
Address query_destination(bool v6);
Address leave_destination(bool v6);

struct HeardQuery {
    bool general = true;  // else of one group
    int version = 3;      // of IGMP: 1, 2, 3; of MLD: 1, 2
};
// What an IGMP message (behind its IP header) or an ICMPv6 message is, when it is a query.
std::optional<HeardQuery> parse_query(bool v6, ByteSpan message);

// The code of RFC 3376, 4.1.1 and 4.1.7: up to 127 itself, above with 3 bits of exponent.
std::uint8_t igmp_code(std::uint32_t value);
// RFC 3810, 5.1.3: 16 bits, up to 32767 itself.
std::uint16_t mld_code(std::uint32_t value);

}  // namespace muster::net
