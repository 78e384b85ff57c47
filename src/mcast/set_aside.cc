// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/set_aside.h"

namespace muster::mcast {

std::uint32_t SetAside::on_verified(MemberNumber member, const IntervalSet& blocks) {
    content::BlockSet& wanted = wanted_.at(member);
    const std::uint32_t before = wanted.count();
    for (auto [begin, end] : blocks.runs()) {
        if (begin >= wanted.size()) break;
        auto at = wanted.first_set(static_cast<std::uint32_t>(begin));
        while (at && *at < end) {
            wanted.clear(*at);
            at = wanted.first_set(*at);
        }
    }
    return before - wanted.count();
}

}  // namespace muster::mcast
