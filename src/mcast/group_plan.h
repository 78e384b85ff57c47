// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long the next groups are to be, and how many of them are sent in turns.
//
// What a group costs above the ideal is the deficit of the worst receiver above the mean: of K
// symbols at loss p it misses K p + e, and e / K falls with the root of K. How large e is depends
// on the spread of the deficits, which bursts and large fleets widen, not on the loss alone. So it
// is measured: every group shows its worst deficit in the first requests for it.
//
//   a     = e / sqrt(K), the median over recent groups
//   e / K = a / sqrt(K)        for groups of any length
//
// The shortest length that keeps e / K below kGoal is taken, for long groups cost memory and
// time to decode. When even the longest does not keep it, losses come in bursts (or the loss is
// very high); then groups are interleaved, so that each sees only every I-th datagram. With z the
// expected maximum of N normal deviates, a^2 = z^2 p (1-p) V, and for Gilbert losses with a
// correlation r between neighbours V(I) = (1 + r^I) / (1 - r^I): from V at one depth follow r and
// V at all others.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"
#include "mcast/layout.h"

namespace muster::mcast {

struct GroupShape {
    std::uint8_t blocks_log2 = 0;
    std::uint32_t interleave = 1;  // 1, 2, 4 or 8 groups in turns
    bool operator==(const GroupShape&) const = default;
};

class GroupPlan {
public:
    explicit GroupPlan(const Layout& layout) : layout_(layout) {}

    // A group of the image whose sources have all been sent, in turns with others.
    void on_sources_sent(TimePoint now, GroupId group, std::uint32_t interleave);
    // A member that heard all of it misses `deficit` symbols; `loss` is its share of the
    // `datagrams` it could have heard until then, this group among them.
    void on_deficit(GroupId group, double deficit, double loss, std::uint64_t datagrams);

    // `members`: how many the worst deficit is the worst of. `room_blocks`: what the least of them
    // can hold open; the groups being sent and as many under repair must fit.
    GroupShape choose(TimePoint now, std::uint32_t members, std::uint32_t room_blocks);

private:
    struct Sample {
        GroupId group;
        TimePoint sent_at;
        std::uint32_t interleave = 1;
        double deficit = 0;
        double loss_before = -1;  // the worst one's loss without this group; -1: nobody knows
    };
    struct Spread {
        double a = 0;
        double loss = 0;
    };
    std::optional<Spread> measure() const;
    GroupShape shape_for(const Spread& spread, std::uint32_t members,
                         std::uint32_t most_interleave) const;

    const Layout& layout_;
    std::deque<Sample> recent_;   // may still get requests
    std::deque<Sample> settled_;  // newest last
    std::uint32_t interleave_ = 1;
};

}  // namespace muster::mcast
