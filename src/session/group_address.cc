// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/group_address.h"

#include "base/prng.h"

namespace muster::session {

Result<net::Address> group_address(const std::string& text, std::uint32_t session) {
    if (!text.empty()) {
        auto group = TRY(net::Address::parse(text).context("multicast group"));
        if (!group.is_multicast() || group.port() == 0) {
            return Error(Errc::invalid_argument, "multicast group: " + text +
                                                     " is no group with a port, e.g. "
                                                     "239.192.0.1:5000");
        }
        return group;
    }
    Prng prng(session);
    const auto second = static_cast<std::uint8_t>(192 + prng.below(4));
    const auto third = static_cast<std::uint8_t>(1 + prng.below(255));
    const auto fourth = static_cast<std::uint8_t>(prng.below(256));
    const auto port = static_cast<std::uint16_t>(49152 + prng.below(16384));
    return net::Address::ipv4({239, second, third, fourth}, port);
}

}  // namespace muster::session
