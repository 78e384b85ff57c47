// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/port_rate.h"

#include <algorithm>

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

constexpr double kOfMeasured = 0.95;
constexpr double kUpPerSecond = 0.03;
constexpr Duration kQueueStands = milliseconds(10);
constexpr Duration kQueueEmpty = milliseconds(5);
constexpr Duration kSettle = milliseconds(400);  // a step back needs time to empty the queue
constexpr double kLittleLoss = 0.02;
constexpr double kDropsMuch = 0.25;  // more than a lossy cable that is worth repairing
constexpr double kUsed = 0.9;
constexpr double kHelped = 0.9;  // of the delay before
constexpr std::uint32_t kStepsInVain = 3;

}  // namespace

PortRate::PortRate(double measured_bits_per_second)
    : pace_(kOfMeasured * measured_bits_per_second), floor_(pace_ / 4) {}

void PortRate::on_interval(const ReceptionInterval& told, Duration whole_delay) {
    own_delay_ = std::min(own_delay_, whole_delay);
    const Duration delay = whole_delay - own_delay_;
    quiet_ += told.length;
    const double delivered = told.delivered_bits_per_second();
    const double loss = told.loss();
    const bool full = delay >= kQueueStands || loss > kDropsMuch;
    if (delay < kQueueEmpty && loss <= kDropsMuch) noise_ += (loss - noise_) / 8;
    if (full && quiet_ >= kSettle && delivered > 0) {
        step_back(delivered, whole_delay);
    } else if (delay < kQueueEmpty && loss < std::max(kLittleLoss, 1.5 * noise_) &&
               delivered > kUsed * (1 - noise_) * pace_) {
        steps_in_vain_ = 0;
        pace_ *= 1 + kUpPerSecond * to_seconds(std::min<Duration>(told.length, milliseconds(500)));
    }
}

void PortRate::step_back(double delivered, Duration delay) {
    quiet_ = {};
    const bool helped = to_seconds(delay) < kHelped * to_seconds(delay_at_step_);
    steps_in_vain_ = helped ? 0 : steps_in_vain_ + 1;
    delay_at_step_ = delay;
    if (steps_in_vain_ > kStepsInVain) {
        own_delay_ = delay;
        steps_in_vain_ = 0;
        return;
    }
    // What it delivers with a queue is the port's rate.
    pace_ = std::max(floor_, std::min(kOfMeasured * delivered / (1 - noise_), 0.97 * pace_));
}

}  // namespace muster::mcast
