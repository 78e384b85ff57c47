// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether an interface has a link: it is up and its cable is in. A datagram sent without one is
// dropped by the kernel without a word, so a sender has to ask. The answer is the kernel's
// operational state, which follows the cable at once, or within a second when cables come and go
// often; asking costs about a microsecond and takes no lock that others hold.
#pragma once

#include <string>

#include "net/fd.h"

namespace muster::net {

class Carrier {
public:
    explicit Carrier(std::string interface);
    // An interface that cannot be asked counts as there: the send call knows better.
    bool is_there() const;

private:
    std::string interface_;
    UniqueFd fd_;
};

}  // namespace muster::net
