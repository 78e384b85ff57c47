// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the multicast sockets ask of the kernel, once for IPv4 and once for IPv6: the options have
// other names, levels and value types, but the same meaning. Used inside net only.
#pragma once

#include <optional>

#include "base/result.h"
#include "net/address.h"
#include "net/interface.h"

namespace muster::net {

struct OutgoingOptions {
    int hops = 1;
    bool loop = false;
    int dscp = 0;
};
// Through which interface, how far and how marked multicast leaves; never as IP fragments.
Status set_outgoing(int fd, const Interface& interface, bool v6, const OutgoingOptions& options);
// Don't Fragment, and the MTU is the interface's, whatever an ICMP message claims.
Status forbid_fragments(int fd, const Interface& interface, bool v6);
// The socket hears what it joined itself, not everything that this machine has joined.
Status hear_own_groups_only(int fd, const Interface& interface, bool v6);

enum class Membership { join, leave };
// With a source the membership is source specific: IGMPv3 or MLDv2 carry it to the switch.
// Errc::no_space: the machine has joined as many groups as the kernel allows.
Status change_membership(int fd, const Interface& interface, const Address& group,
                         const std::optional<Address>& source, Membership change);

// "239.192.0.1:5000 is no multicast group with a port", for either kind of socket.
Status check_group(const Address& group);

}  // namespace muster::net
