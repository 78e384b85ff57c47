// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the stretches of a session are split into groups: the sender decides it stretch by stretch
// (group_plan.h) and for good, receivers learn it from every DATA and REPAIR. A stretch nobody has
// sent or heard of has no groups yet; the manifest's are known from the start.
//
// Whoever has the group key can name a split that the sender never made. So what is heard is
// believed by majority: agreeing datagrams raise the trust in a split, others lower it, and when
// none is left the next one is believed. A false split takes as many datagrams as the true one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mcast/layout.h"

namespace muster::mcast {

class Grouping {
public:
    explicit Grouping(const Layout& layout);

    // Nothing: the block's stretch is not split yet.
    std::optional<GroupId> group_of(BlockIndex block) const;

    // The block's group; when its stretch is not split yet, it is now, into groups of this length.
    GroupId split(BlockIndex block, std::uint8_t blocks_log2);

    enum class Heard {
        agrees,   // as is known, or the first to tell
        differs,  // not believed
        replaces  // believed from now on: the stretch has no groups of the earlier length
    };
    Heard hear(GroupId group);

private:
    struct Split {
        std::uint8_t blocks_log2 = 0;
        std::uint8_t trust = 0;  // 0: not known
    };
    const Layout& layout_;
    std::vector<Split> splits_;
};

}  // namespace muster::mcast
