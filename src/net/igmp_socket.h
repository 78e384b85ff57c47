// SPDX-License-Identifier: GPL-3.0-or-later
//
// A raw socket for group management on one interface: hears the queries that arrive there and
// sends a query or an old report. Needs CAP_NET_RAW.
#pragma once

#include <vector>

#include "base/result.h"
#include "net/fd.h"
#include "net/igmp.h"
#include "net/interface.h"

namespace muster::net {

class IgmpSocket {
public:
    // Errc::permission_denied without CAP_NET_RAW; Errc::unavailable without an address of that
    // family (IPv6: a link-local one, the only kind that routers and switches believe).
    static Result<IgmpSocket> open(const Interface& interface, bool v6);

    Status send(const Address& to, ByteSpan message);
    struct Heard {
        Address from;
        HeardQuery query;
    };
    // The queries that have come since the last call; never blocks. Our own are not among them.
    Result<std::vector<Heard>> receive();
    const Address& own() const { return own_; }

private:
    IgmpSocket(UniqueFd fd, const Address& own, unsigned interface_index)
        : fd_(std::move(fd)), own_(own), interface_index_(interface_index) {}
    UniqueFd fd_;
    Address own_;
    unsigned interface_index_;
};

}  // namespace muster::net
