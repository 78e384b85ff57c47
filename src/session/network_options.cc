// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/network_options.h"

#include <algorithm>

namespace muster::session {

Result<std::vector<net::Interface>> resolve_interfaces(const NetworkOptions& options) {
    std::vector<net::Interface> list;
    for (const auto& name : options.interfaces) {
        const bool twice = std::any_of(list.begin(), list.end(),
                                       [&](const auto& one) { return one.name == name; });
        if (twice) return Error(Errc::invalid_argument, "interface " + name + " is named twice");
        list.push_back(TRY(net::multicast_interface(name, options.wifi)));
    }
    if (list.empty()) return Error(Errc::invalid_argument, "no interface is named");
    return list;
}

}  // namespace muster::session
