// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/join_widening.h"

namespace muster::session {

bool JoinWidening::on_silence(TimePoint now, std::optional<TimePoint> last_heard) {
    const bool in_vain = silence_seen_ && (!last_heard || *last_heard < *silence_seen_);
    silence_seen_ = now;
    if (widened_at_ || (last_heard && !in_vain)) return false;
    widened_at_ = now;
    return true;
}

bool JoinWidening::has_helped(std::optional<TimePoint> last_heard) {
    if (told_ || !widened_at_ || !last_heard || *last_heard < *widened_at_) return false;
    told_ = true;
    return true;
}

}  // namespace muster::session
