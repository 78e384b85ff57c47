// SPDX-License-Identifier: GPL-3.0-or-later
//
// Keeps what the sender hears below kMostNaksPerSecond: when more arrive, T_b of the feedback timer
// doubles, so that more members find what they need promised before they ask and those who ask do
// it for several groups at once; when few arrive, it comes down again.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace muster::mcast {

class NakRate {
public:
    explicit NakRate(std::uint16_t least_backoff_ms)
        : least_ms_(least_backoff_ms), backoff_ms_(least_backoff_ms) {}

    void on_nak(TimePoint now);
    void on_time(TimePoint now);
    // T_b for the next STATUS.
    std::uint16_t backoff_ms() const { return backoff_ms_; }

private:
    std::uint16_t least_ms_;
    std::uint16_t backoff_ms_;
    TimePoint window_start_{};
    std::uint32_t in_window_ = 0;
    bool doubled_ = false;  // in this window
};

inline constexpr std::uint32_t kMostNaksPerSecond = 2000;

}  // namespace muster::mcast
