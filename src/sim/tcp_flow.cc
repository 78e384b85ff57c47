// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/tcp_flow.h"

#include <algorithm>
#include <cmath>

namespace muster::sim {

namespace {
using std::chrono::milliseconds;
constexpr std::size_t kSegmentWireBytes = 1514;
constexpr std::size_t kSegmentBytes = 1448;
constexpr std::uint64_t kReordering = 3;
constexpr double kBeta = 0.7;
constexpr double kC = 0.4;
constexpr Duration kTimeout = milliseconds(200);
}  // namespace

void TcpFlow::start() {
    last_ack_ = queue_.now();
    queue_.after(options_.lasts, [this] { stopped_ = true; });
    send();
    watch();
}

void TcpFlow::watch() {
    if (stopped_) return;
    if (queue_.now() - last_ack_ >= kTimeout) {
        in_flight_.clear();
        slow_start_until_ = std::max(2.0, window_ * kBeta);
        window_ = 1;
        in_epoch_ = false;
        recovers_until_ = next_segment_;
        last_ack_ = queue_.now();
        send();
    }
    queue_.after(kTimeout / 4, [this] { watch(); });
}

void TcpFlow::send() {
    while (!stopped_ && static_cast<double>(in_flight_.size()) < window_) {
        const std::uint64_t segment = next_segment_++;
        in_flight_.insert(segment);
        const TimePoint now = queue_.now();
        const auto arrivals = bottleneck_.send(now, kSegmentWireBytes);
        if (arrivals.count == 0) continue;
        queue_.at(arrivals.list[0].at + options_.round_trip,
                  [this, segment, now] { on_ack(segment, now); });
    }
}

void TcpFlow::on_ack(std::uint64_t segment, TimePoint sent_at) {
    delivered_bytes_ += kSegmentBytes;
    last_ack_ = queue_.now();
    if (in_flight_.erase(segment) == 0) return;
    const Duration round_trip = queue_.now() - sent_at;
    least_round_trip_ = std::min(least_round_trip_, round_trip);
    find_losses(segment);
    if (segment >= recovers_until_) grow(round_trip);
    send();
}

void TcpFlow::find_losses(std::uint64_t acknowledged) {
    bool lost_new = false;
    while (!in_flight_.empty() && *in_flight_.begin() + kReordering <= acknowledged) {
        lost_new = lost_new || *in_flight_.begin() >= recovers_until_;
        in_flight_.erase(in_flight_.begin());
    }
    if (lost_new) cut();
}

void TcpFlow::cut() {
    // Fast convergence: a flow that was cut below its last top makes room for others.
    top_ = window_ < top_ ? window_ * (1 + kBeta) / 2 : window_;
    window_ = std::max(2.0, window_ * kBeta);
    slow_start_until_ = window_;
    recovers_until_ = next_segment_;
    in_epoch_ = false;
}

void TcpFlow::grow(Duration round_trip) {
    if (window_ < slow_start_until_) {
        window_ += 1;
        const Duration slack =
            std::clamp<Duration>(least_round_trip_ / 8, milliseconds(4), milliseconds(16));
        if (round_trip > least_round_trip_ + slack) slow_start_until_ = window_;
        return;
    }
    if (!in_epoch_) {
        in_epoch_ = true;
        epoch_began_ = queue_.now();
        friendly_ = window_;
        top_ = std::max(top_, window_);
    }
    const double seconds = to_seconds(queue_.now() - epoch_began_ + round_trip);
    const double top_at = std::cbrt(std::max(0.0, top_ - friendly_) / kC);
    const double target = kC * std::pow(seconds - top_at, 3) + top_;
    window_ += target > window_ ? std::min(0.5, (target - window_) / window_) : 0.01 / window_;
    const double reno = friendly_ + 0.53 * to_seconds(queue_.now() - epoch_began_) /
                                        std::max(0.001, to_seconds(round_trip));
    window_ = std::max(window_, reno);
}

}  // namespace muster::sim
