// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/duty_cycle.h"

#include <algorithm>

namespace muster::mcast {

namespace {

constexpr Duration kSettle = std::chrono::milliseconds(500);
constexpr double kPrudence = 0.95;

std::uint32_t share_for(double sink, double stream) {
    const double share = DutyCycle::kClasses * kPrudence * sink / stream;
    return static_cast<std::uint32_t>(std::clamp<double>(share, 1, DutyCycle::kClasses));
}

}  // namespace

std::uint32_t DutyCycle::class_of(std::uint32_t stretch) {
    std::uint32_t reversed = 0;
    for (std::uint32_t bit = 1; bit < kClasses; bit <<= 1) {
        reversed = (reversed << 1) | ((stretch & bit) != 0 ? 1 : 0);
    }
    return reversed;
}

bool DutyCycle::takes(std::uint32_t stretch) {
    if (stretch != stretch_) {
        stretch_ = stretch;
        takes_stretch_ = class_of(stretch) < share_;
    }
    return takes_stretch_;
}

void DutyCycle::on_full(TimePoint now) {
    // Else memory is full of groups that wait for repair.
    const bool sink_is_slower = sink_ > 0 && sink_ < stream_;
    if (!sink_is_slower || now < cut_at_ + kSettle) return;
    cut_at_ = now;
    // What is measured may be a little too good; full memory is the proof.
    share_ = std::max(1u, std::min(share_for(sink_, stream_), share_ - share_ / 8));
}

void DutyCycle::on_rates(TimePoint now, double sink_bits_per_second, double stream_bits_per_second,
                         bool has_room) {
    sink_ = sink_bits_per_second;
    stream_ = stream_bits_per_second;
    if (takes_all() || !has_room || now < cut_at_ + kSettle || sink_ <= 0 || stream_ <= 0) return;
    // A stream that the sink sustains is taken whole, at once: it was slowed down for that.
    if (sink_ >= stream_) {
        share_ = kClasses;
    } else {
        share_ = std::max(share_, share_for(sink_, stream_));
    }
}

}  // namespace muster::mcast
