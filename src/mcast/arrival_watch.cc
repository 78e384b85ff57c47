// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/arrival_watch.h"

#include <algorithm>
#include <cmath>

namespace muster::mcast {

namespace {

// Others' multicast (name services) is a few packets a second; a stream has at least its STATUS.
constexpr double kStreamPacketsPerSecond = 20;
constexpr std::uint64_t kManyRejected = 10;
constexpr std::uint64_t kManyLost = 200;

}  // namespace

void ArrivalWatch::on_started(TimePoint now) {
    if (started_) return;
    started_ = now;
    restart(now, last_);
}

void ArrivalWatch::restart(TimePoint now, const Arrivals& seen) {
    last_ = seen;
    last_arrival_ = last_content_ = last_rejoin_ = now;
    at_arrival_ = last_;
    lost_at_content_ = last_.lost;
    back_since_.reset();
    broken_ = false;
    fault_ = ArrivalFault::none;
}

bool ArrivalWatch::on_tick(TimePoint now, const Arrivals& seen) {
    if (!started_) {
        last_ = seen;
        link_ = seen.link;
        return rejoin_due(now, seen.link);
    }
    note_arrivals(now, seen);
    const bool small_only =
        now - last_content_ > options_.broken && seen.lost >= lost_at_content_ + kManyLost;
    const bool silent = now - last_arrival_ > options_.silence;
    if (silent) {
        if (fault_ == ArrivalFault::none) came_for_ = last_arrival_ - *started_;
        fault_ = fault_of_silence(now, seen);
        back_since_.reset();
        broken_ = broken_ || now - last_arrival_ > options_.broken;
    } else if (small_only) {
        fault_ = ArrivalFault::small_only;
        back_since_.reset();
        broken_ = true;
    } else if (fault_ != ArrivalFault::none) {
        if (!back_since_) back_since_ = now;
        if (!broken_ || now - *back_since_ >= options_.back) {
            fault_ = ArrivalFault::none;
            broken_ = false;
        }
    }
    return rejoin_due(now, seen.link);
}

void ArrivalWatch::note_arrivals(TimePoint now, const Arrivals& seen) {
    if (seen.content > last_.content) {
        last_content_ = now;
        lost_at_content_ = seen.lost;
    }
    if (seen.accepted > last_.accepted) {
        last_arrival_ = now;
        at_arrival_ = seen;
    }
    last_ = seen;
}

ArrivalFault ArrivalWatch::fault_of_silence(TimePoint now, const Arrivals& seen) const {
    if (!seen.link) return ArrivalFault::no_link;
    if (seen.rejected >= at_arrival_.rejected + kManyRejected) return ArrivalFault::foreign;
    const double packets = static_cast<double>(seen.host_packets - at_arrival_.host_packets);
    if (packets > kStreamPacketsPerSecond * to_seconds(now - last_arrival_)) {
        return ArrivalFault::firewall;
    }
    return seen.accepted == 0 ? ArrivalFault::never_came : ArrivalFault::stopped;
}

bool ArrivalWatch::rejoin_due(TimePoint now, bool link) {
    if (last_rejoin_ == TimePoint{}) last_rejoin_ = now;
    const bool came_back = link && !link_;
    link_ = link;
    const Duration interval = fault_ == ArrivalFault::none ? options_.rejoin_always
                              : broken_                    ? options_.rejoin_broken
                                                           : options_.rejoin_silent;
    if (!came_back && now - last_rejoin_ < interval) return false;
    last_rejoin_ = now;
    return true;
}

Delivery ArrivalWatch::delivery() const {
    if (!broken_) return Delivery::multicast;
    return options_.unicast_offered ? Delivery::unicast : Delivery::waiting;
}

std::string ArrivalWatch::why() const {
    switch (fault_) {
        case ArrivalFault::none: return "";
        case ArrivalFault::no_link:
            return options_.interface + " has no link: is its cable in, is its switch on?";
        case ArrivalFault::foreign:
            return "datagrams come to the group, but none of this session: another sender uses "
                   "the same group and port";
        case ArrivalFault::firewall:
            return "multicast reaches this computer, but not this program: a firewall here drops "
                   "UDP to the group";
        case ArrivalFault::small_only:
            return "only small datagrams come, those of full size do not: look at the MTU of " +
                   options_.interface + " and of the switches between";
        case ArrivalFault::never_came:
            return "no multicast has come since the session began: does the switch take IGMP from "
                   "this port, is it the right VLAN, does a firewall drop it?";
        case ArrivalFault::stopped: break;
    }
    return "multicast came for " + std::to_string(std::lround(to_seconds(came_for_))) +
           " s and stopped, though the server sends: the switch has forgotten the group (has the "
           "network an IGMP querier?)";
}

}  // namespace muster::mcast
