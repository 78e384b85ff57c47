// SPDX-License-Identifier: GPL-3.0-or-later
//
// When a sender stops by itself, because what it sends would reach nobody: its own cable is out, or
// no member has said anything for a while (a circuit breaker, RFC 8085, 3.1.10). Whatever was sent
// meanwhile would have to be sent again to everybody.
//
// Without a carrier nothing is sent. Without feedback STATUS goes on, so that members find the
// stream again, and anything heard ends the pause at once. A carrier that has come back is no
// feedback yet: the port of a switch may need half a minute before it forwards. When members are
// back whose connections had broken, the others are on their way (`returning`,
// Sender::check_pause): they are spread over two seconds, and would miss what is sent meanwhile.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace muster::mcast {

// held: by an administrator; STATUS goes on.
enum class PauseReason { none, no_carrier, no_feedback, returning, held };
// In words for people; empty for none.
std::string_view to_string(PauseReason reason);

// All whose connections broke at one moment are back within so long: a receiver tries again after
// at most 2 s.
inline constexpr Duration kReturnTime = std::chrono::milliseconds(2500);

class Pause {
public:
    explicit Pause(Duration feedback_timeout) : feedback_timeout_(feedback_timeout) {}

    // From now on members are to be heard / nobody is there who could be.
    void expect_feedback(TimePoint now) { heard_at_ = now; }
    void expect_nothing() { heard_at_.reset(); }
    void on_feedback(TimePoint now) {
        if (heard_at_) heard_at_ = now;
    }
    // For how long it was gone, when it has come back.
    Duration on_carrier(TimePoint now, bool there);

    PauseReason reason(TimePoint now) const;
    bool has_carrier() const { return !carrier_lost_at_; }

private:
    const Duration feedback_timeout_;
    std::optional<TimePoint> heard_at_;
    std::optional<TimePoint> carrier_lost_at_;
};

}  // namespace muster::mcast
