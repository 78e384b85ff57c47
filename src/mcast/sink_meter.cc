// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/sink_meter.h"

#include <algorithm>
#include <utility>

namespace muster::mcast {

namespace {
constexpr double kStretchSeconds = 0.5;
constexpr double kLeastBusySeconds = 0.1;
}  // namespace

void SinkMeter::advance(TimePoint now) {
    if (orders_ > 0 && advanced_to_) now_.busy_seconds += to_seconds(now - *advanced_to_);
    advanced_to_ = now;
    if (now_.busy_seconds >= kStretchSeconds) before_ = std::exchange(now_, {});
}

void SinkMeter::on_ordered(std::uint64_t bytes) {
    ++orders_;
    backlog_bytes_ += bytes;
}

void SinkMeter::on_answered(std::uint64_t bytes, std::uint64_t stored) {
    if (orders_ > 0) --orders_;
    backlog_bytes_ -= std::min(bytes, backlog_bytes_);
    now_.stored_bytes += static_cast<double>(stored);
    least_backlog_ = std::min(least_backlog_, backlog_bytes_);
}

std::uint64_t SinkMeter::take_least_backlog() {
    const std::uint64_t least = least_backlog_;
    least_backlog_ = backlog_bytes_;
    return std::min(least, backlog_bytes_);
}

std::uint64_t SinkMeter::bits_per_second() const {
    const double busy_seconds = now_.busy_seconds + before_.busy_seconds;
    if (busy_seconds < kLeastBusySeconds) return 0;
    return static_cast<std::uint64_t>(8 * (now_.stored_bytes + before_.stored_bytes) /
                                      busy_seconds);
}

}  // namespace muster::mcast
