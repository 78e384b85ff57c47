// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/pacer.h"

#include <algorithm>

namespace muster::mcast {

namespace {
constexpr std::uint64_t kMaxBurstBytes = 64 * 1024;
constexpr Duration kMaxBurst = std::chrono::milliseconds(4);
constexpr std::uint64_t kMaxGatheredBytes = 32 * 1024;
constexpr Duration kMaxGather = std::chrono::microseconds(500);
}  // namespace

Pacer::Pacer(std::uint64_t rate_bits_per_second) { adopt(rate_bits_per_second); }

void Pacer::set_rate(TimePoint now, std::uint64_t rate_bits_per_second) {
    adopt(rate_bits_per_second);
    bucket_full_at_ = std::min(bucket_full_at_, now + burst_);
}

void Pacer::adopt(std::uint64_t rate_bits_per_second) {
    rate_ = rate_bits_per_second;
    if (rate_ == 0) return;
    burst_ = std::min(kMaxBurst, cost(kMaxBurstBytes));
    window_limit_bytes_ = rate_ / 8 / 100;
    gather_ = std::min(kMaxGather, cost(kMaxGatheredBytes));
}

Duration Pacer::cost(std::size_t wire_bytes) const {
    return from_seconds(static_cast<double>(wire_bytes) * 8 / static_cast<double>(rate_));
}

TimePoint Pacer::earliest(TimePoint now, std::size_t wire_bytes) const {
    if (rate_ == 0) return now;
    return std::max(room_at(now, wire_bytes), gathers_until_);
}

TimePoint Pacer::room_at(TimePoint now, std::size_t wire_bytes) const {
    TimePoint when = bucket_full_at_ + cost(wire_bytes) - std::max(burst_, cost(wire_bytes));
    // A single datagram larger than the whole window's allowance must still get out.
    const std::uint64_t limit = std::max<std::uint64_t>(window_limit_bytes_, wire_bytes);
    std::uint64_t in_window = window_bytes_;
    for (const auto& sent : window_) {
        if (in_window + wire_bytes <= limit) break;
        in_window -= sent.bytes;
        when = std::max(when, sent.at + kWindow);
    }
    return std::max(when, now);
}

void Pacer::on_sent(TimePoint now, std::size_t wire_bytes) {
    if (rate_ == 0) return;
    forget_before(now - kWindow);
    window_.push_back({now, wire_bytes});
    window_bytes_ += wire_bytes;
    bucket_full_at_ = std::max(bucket_full_at_, now) + cost(wire_bytes);
    if (room_at(now, wire_bytes) > now) gathers_until_ = now + gather_;
}

void Pacer::on_left(TimePoint now, std::size_t count) {
    for (auto sent = window_.rbegin(); sent != window_.rend() && count > 0; ++sent, --count) {
        sent->at = now;
    }
}

void Pacer::forget_before(TimePoint start) {
    while (!window_.empty() && window_.front().at <= start) {
        window_bytes_ -= window_.front().bytes;
        window_.pop_front();
    }
}

}  // namespace muster::mcast
