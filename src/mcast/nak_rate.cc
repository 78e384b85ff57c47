// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/nak_rate.h"

#include <algorithm>

namespace muster::mcast {

namespace {
constexpr Duration kWindow = std::chrono::milliseconds(100);
constexpr std::uint32_t kMost = kMostNaksPerSecond / 10;  // in a window
constexpr std::uint32_t kFew = kMost / 4;
constexpr std::uint16_t kMostBackoffMs = 1000;
}  // namespace

void NakRate::on_time(TimePoint now) {
    if (now < window_start_ + kWindow) return;
    // A doubled T_b takes effect in the next rounds, so a quiet window proves little: it comes down
    // slowly.
    if (in_window_ <= kFew) {
        backoff_ms_ = static_cast<std::uint16_t>(
            std::max<std::uint32_t>(least_ms_, backoff_ms_ - backoff_ms_ / 8));
    }
    window_start_ = now;
    in_window_ = 0;
    doubled_ = false;
}

void NakRate::on_nak(TimePoint now) {
    on_time(now);
    if (++in_window_ <= kMost || doubled_) return;
    doubled_ = true;
    backoff_ms_ = std::min<std::uint16_t>(kMostBackoffMs, backoff_ms_ * 2);
}

}  // namespace muster::mcast
