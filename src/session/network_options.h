// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "net/interface.h"
#include "net/querier.h"

namespace muster::session {

// How a sender of sessions uses the network, as an administrator writes it.
struct NetworkOptions {
    std::vector<std::string> interfaces;  // a stream through each
    net::Wifi wifi = net::Wifi::refused;
    std::string group;  // as group_address() takes it
    int ttl = 1;
    // Unmarked unless an administrator who has given marks a meaning says otherwise: a switch may
    // treat 8 (CS1) as better than nothing, and police 1 (LE) without a word.
    int dscp = 0;
    net::QuerierOptions querier;
};

// The interfaces of those names, fit for multicast. Errc::invalid_argument: one is named twice.
Result<std::vector<net::Interface>> resolve_interfaces(const NetworkOptions& options);

}  // namespace muster::session
