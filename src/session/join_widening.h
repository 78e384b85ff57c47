// SPDX-License-Identifier: GPL-3.0-or-later
//
// A source-specific join is reported by IGMPv3 or MLDv2, which some switches do not understand.
// This class decides when a member that hears nothing joins from any source instead, and in the
// older way too (net::MulticastReceiver::widen): at once when nothing ever came, else after it has
// joined again in vain, because then the cable or a forgetful switch is likelier.
#pragma once

#include <optional>

#include "base/time.h"

namespace muster::session {

class JoinWidening {
public:
    // The group is joined again because nothing comes. True: widen the join this time.
    bool on_silence(TimePoint now, std::optional<TimePoint> last_heard);
    // Once true: datagrams come since the join was widened.
    bool has_helped(std::optional<TimePoint> last_heard);

private:
    std::optional<TimePoint> silence_seen_;
    std::optional<TimePoint> widened_at_;
    bool told_ = false;
};

}  // namespace muster::session
