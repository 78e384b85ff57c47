// SPDX-License-Identifier: GPL-3.0-or-later
//
// A share of a line for several connections together: says how long each piece has to wait. A
// token bucket kept as the one time up to which the share is used; up to kBurst of it may be saved.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace muster::session {

class ShareBucket {
public:
    static constexpr Duration kBurst = std::chrono::milliseconds(100);

    // 0: no limit.
    explicit ShareBucket(std::uint64_t rate_bits_per_second) : rate_(rate_bits_per_second) {}

    // The piece counts as sent; how long from now it has to wait. Pieces leave in this order.
    Duration take(TimePoint now, std::uint64_t bytes) {
        if (rate_ == 0) return Duration::zero();
        const TimePoint leaves = std::max(used_up_to_, now - kBurst);
        used_up_to_ =
            leaves + from_seconds(8.0 * static_cast<double>(bytes) / static_cast<double>(rate_));
        return std::max(leaves - now, Duration::zero());
    }
    void set_rate(std::uint64_t rate_bits_per_second) { rate_ = rate_bits_per_second; }
    std::uint64_t rate_bits_per_second() const { return rate_; }

private:
    std::uint64_t rate_;
    TimePoint used_up_to_{};
};

}  // namespace muster::session
