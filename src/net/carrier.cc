// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/carrier.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace muster::net {

Carrier::Carrier(std::string interface)
    : interface_(std::move(interface)), fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

bool Carrier::is_there() const {
    ifreq request{};
    std::memcpy(request.ifr_name, interface_.data(),
                std::min(interface_.size(), sizeof request.ifr_name - 1));
    if (::ioctl(fd_.value(), SIOCGIFFLAGS, &request) != 0) return true;
    return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace muster::net
