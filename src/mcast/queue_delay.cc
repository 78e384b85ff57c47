// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/queue_delay.h"

#include <algorithm>
#include <limits>

namespace muster::mcast {

void QueueDelay::on_stamp(TimePoint now, std::uint64_t sent_at_us) {
    const std::int64_t now_us = now.time_since_epoch().count() / 1000;
    // Modulo 2^64: whatever the other clock says, differences of differences are right.
    const auto difference =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(now_us) - sent_at_us);
    const std::int64_t span = now_us / (kSpanSeconds * 1'000'000);
    const std::int64_t passed = std::min<std::int64_t>(span - span_, kSpans);
    for (std::int64_t i = 0; i < passed; ++i) {
        least_of_span_[static_cast<std::size_t>(span - i) % kSpans].reset();
    }
    span_ = span;
    auto& least = least_of_span_[static_cast<std::size_t>(span) % kSpans];
    least = std::min(least.value_or(difference), difference);
    least_since_taken_ = std::min(least_since_taken_.value_or(difference), difference);
}

std::int64_t QueueDelay::base() const {
    auto base = std::numeric_limits<std::int64_t>::max();
    for (std::size_t age = 0; age < kSpans; ++age) {
        const auto& least = least_of_span_[(static_cast<std::size_t>(span_) - age) % kSpans];
        if (!least) continue;
        // Unsigned, since a false stamp may be anywhere.
        const std::uint64_t drifted = static_cast<std::uint64_t>(*least) + age * kDriftPerSpanUs;
        base = std::min(base, static_cast<std::int64_t>(drifted));
    }
    return base;
}

Duration QueueDelay::take() {
    if (!least_since_taken_) return last_;
    const auto above =
        static_cast<std::uint64_t>(*least_since_taken_) - static_cast<std::uint64_t>(base());
    least_since_taken_.reset();
    // Only a false stamp is further off than an hour.
    last_ = std::chrono::microseconds(std::min<std::uint64_t>(above, 3'600'000'000));
    return last_;
}

}  // namespace muster::mcast
