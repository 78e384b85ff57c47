// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/cubic_growth.h"

#include <algorithm>
#include <cmath>

namespace muster::mcast {

namespace {
constexpr double kC = 0.4;                // RFC 9438, 5.1
constexpr double kFriendlyGrowth = 0.53;  // 3 (1 - kCut) / (1 + kCut): as Reno, 4.3
constexpr double kPacketBits = 8 * 1500.0;
constexpr double kLeastRoundTrip = 0.01;
constexpr double kMostRoundTrip = 0.5;
}  // namespace

void CubicGrowth::start(TimePoint now, double from, double top, Duration round_trip) {
    since_ = now;
    round_trip_seconds_ = std::clamp(to_seconds(round_trip), kLeastRoundTrip, kMostRoundTrip);
    from_packets_ = from * round_trip_seconds_ / kPacketBits;
    top_packets_ = std::max(from, top) * round_trip_seconds_ / kPacketBits;
    seconds_to_top_ = std::cbrt((top_packets_ - from_packets_) / kC);
}

double CubicGrowth::rate(TimePoint now) const {
    const double seconds = to_seconds(now - since_);
    const double cubic = kC * std::pow(seconds - seconds_to_top_, 3) + top_packets_;
    const double friendly = from_packets_ + kFriendlyGrowth * seconds / round_trip_seconds_;
    return std::max(cubic, friendly) * kPacketBits / round_trip_seconds_;
}

}  // namespace muster::mcast
