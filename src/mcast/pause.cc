// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/pause.h"

namespace muster::mcast {

std::string_view to_string(PauseReason reason) {
    switch (reason) {
        case PauseReason::none: return "";
        case PauseReason::no_carrier: return "the network cable of this computer is out";
        case PauseReason::no_feedback: return "no receiver is heard";
        case PauseReason::returning: return "the receivers are coming back";
        case PauseReason::held: return "held by an administrator";
    }
    return "";
}

Duration Pause::on_carrier(TimePoint now, bool there) {
    if (there == has_carrier()) return {};
    if (!there) {
        carrier_lost_at_ = now;
        return {};
    }
    const Duration gone = now - *carrier_lost_at_;
    carrier_lost_at_.reset();
    // A switch may take its time before it forwards again: wait for a word.
    if (heard_at_) heard_at_ = now - feedback_timeout_;
    return gone;
}

PauseReason Pause::reason(TimePoint now) const {
    if (carrier_lost_at_) return PauseReason::no_carrier;
    if (heard_at_ && now >= *heard_at_ + feedback_timeout_) return PauseReason::no_feedback;
    return PauseReason::none;
}

}  // namespace muster::mcast
