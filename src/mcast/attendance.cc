// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/attendance.h"

#include <algorithm>
#include <utility>

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

constexpr Duration kTick = milliseconds(250);
constexpr std::uint32_t kHeavyTicks = 8;  // 2 s
constexpr double kHeavyLoss = 1.0 / 3;
constexpr std::uint64_t kFewest = 50;  // datagrams in a tick that say anything
constexpr Duration kOrdersMissing = milliseconds(2000);
constexpr Duration kLookInterval = milliseconds(500);
constexpr Duration kLook = milliseconds(100);
constexpr Duration kOrderHolds = std::chrono::seconds(30);

}  // namespace

void Attendance::on_order(TimePoint now, OrderMode mode) {
    last_order_ = now;
    mode_ = mode;
    left_ = false;
    heavy_ticks_ = 0;
    looks_ = false;
    look_from_ = now + kOrdersMissing;
}

void Attendance::on_status(TimePoint now, bool serves_away) {
    served_ = serves_away;
    if (std::exchange(looks_, false)) look_from_ = now + kLookInterval;
}

void Attendance::on_counts(TimePoint now, std::uint64_t received, std::uint64_t lost) {
    if (!tick_at_) {
        tick_at_ = now + kTick;
        received_ = received;
        lost_ = lost;
    }
    if (now < *tick_at_) return;
    tick_at_ = now + kTick;
    measure(now, received, lost);
}

void Attendance::measure(TimePoint now, std::uint64_t received, std::uint64_t lost) {
    const std::uint64_t came = received - std::exchange(received_, received);
    const std::uint64_t missed = lost - std::min(lost, std::exchange(lost_, lost));
    const auto all = static_cast<double>(came + missed);
    // Nothing at all is a cable or a switch, and no port.
    const bool heavy =
        came > 0 && came + missed >= kFewest && static_cast<double>(missed) > kHeavyLoss * all;
    heavy_ticks_ = heavy ? heavy_ticks_ + 1 : 0;
    const bool told_to_stay = last_order_ && now - *last_order_ < kOrderHolds;
    if (heavy_ticks_ < kHeavyTicks || is_away() || served_ || told_to_stay) return;
    heavy_ticks_ = 0;
    left_ = true;
    look_from_ = now + kOrdersMissing;
    const int percent = static_cast<int>(100 * static_cast<double>(missed) / all);
    unsaid_ = MemberLeft{"lost " + std::to_string(percent) +
                         " % of the stream for 2 s: it may be faster than this computer's port"};
}

void Attendance::on_deadline(TimePoint now) {
    if (!is_away() || mode_ == OrderMode::unicast || !look_from_ || now < *look_from_) return;
    looks_ = !looks_;
    look_from_ = now + (looks_ ? kLook : kLookInterval);
}

std::optional<TimePoint> Attendance::next_deadline() const {
    if (!is_away() || mode_ == OrderMode::unicast) return std::nullopt;
    return look_from_;
}

bool Attendance::listens() const {
    if (mode_ == OrderMode::unicast) return false;
    return !is_away() || looks_;
}

std::optional<MemberLeft> Attendance::take_left() { return std::exchange(unsaid_, std::nullopt); }

}  // namespace muster::mcast
