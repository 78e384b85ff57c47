// SPDX-License-Identifier: GPL-3.0-or-later
//
// Why does a member lose most of the stream? Two reasons look alike in a count of lost datagrams
// and want opposite answers:
//
//  - a lossy cable loses a share of whatever is sent: sending slower brings less, so it stays in
//    the group and is repaired;
//  - a slow port passes what it can and drops the rest: sending slower costs it nothing until the
//    rate is its own, so it should be served alone, at that rate.
//
// Two signs tell them apart. A port that drops has a full queue, so its datagrams are late, all of
// them. And its loss answers to the rate: what is delivered stays the same when what is sent
// changes (elasticity 0), where a lossy cable delivers in proportion (elasticity 1). When the rate
// has not changed by itself and no delay is seen (a shallow queue, or a member that came when the
// queue was full already), somebody has to make it dip for a moment.
//
// All of it is told by the member: datagrams received and lost between two reports, by packet
// numbers, are what was sent. What a member lies about it, it lies about itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "mcast/member_reception.h"

namespace muster::mcast {

class PortProbe {
public:
    // More than this is worth a second look: below it a lossy member is cheaper to repair than to
    // serve again (it costs the room p of the image; alone it costs all of it).
    static constexpr double kHeavyLoss = 1.0 / 3;

    enum class Verdict {
        sound,    // loses no more than a link worth repairing
        suspect,  // loses more, why is not known yet
        lossy,
        slow_port,
    };

    // What a FEEDBACK told. `delay`: how long its datagrams waited in queues beyond what
    // everybody's did, at a bottleneck that all share.
    void on_interval(const ReceptionInterval& told, Duration delay);

    Verdict verdict() const { return verdict_; }
    // Only a change of the rate can tell.
    bool needs_dip() const { return verdict_ == Verdict::suspect; }
    // Over the last three intervals with heavy loss, one after the other.
    double loss() const { return recent().told.loss(); }
    double sent_bits_per_second() const { return recent().sent_bits_per_second(); }
    double delivered_bits_per_second() const { return recent().told.delivered_bits_per_second(); }

private:
    struct Interval {
        ReceptionInterval told;
        Duration delay{};  // the least
        double sent_bits_per_second() const;
        void add(const Interval& more);
    };
    Interval recent() const;
    Verdict judge() const;
    // Nothing when the rate has not changed enough to tell.
    std::optional<double> elasticity() const;

    std::optional<Interval> short_;  // too short yet to say anything
    // In which it lost much, one after the other; the latest at the end. Before a port is full it
    // delivers in proportion as well, so the others would tell nothing.
    std::vector<Interval> intervals_;
    Verdict verdict_ = Verdict::sound;
};

}  // namespace muster::mcast
