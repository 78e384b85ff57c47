// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/port_probe.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRecent = 3;  // intervals a judgement is made of
constexpr std::size_t kRemembered = 20;
constexpr Duration kShortest = milliseconds(60);
constexpr std::uint64_t kFewest = 100;  // datagrams sent in an interval
constexpr Duration kStandingDelay = milliseconds(4);
constexpr double kRateChange = 1.25;
constexpr double kSoundAgain = 0.2;

}  // namespace

double PortProbe::Interval::sent_bits_per_second() const {
    const double loss = told.loss();
    return loss < 1 ? told.delivered_bits_per_second() / (1 - loss) : 0;
}

void PortProbe::Interval::add(const Interval& more) {
    told += more.told;
    delay = std::min(delay, more.delay);
}

void PortProbe::on_interval(const ReceptionInterval& told, Duration delay) {
    const Interval next{told, delay};
    if (short_) {
        short_->add(next);
    } else {
        short_ = next;
    }
    const bool enough =
        short_->told.length >= kShortest && short_->told.received + short_->told.lost >= kFewest;
    if (!enough) return;
    const Interval next_whole = *std::exchange(short_, std::nullopt);
    if (next_whole.told.loss() <= kSoundAgain) {
        // Also a cable that was out for a moment ends here: only loss all the time is kept.
        intervals_.clear();
        verdict_ = Verdict::sound;
        return;
    }
    if (intervals_.size() == kRemembered) intervals_.erase(intervals_.begin());
    intervals_.push_back(next_whole);
    verdict_ = judge();
}

PortProbe::Interval PortProbe::recent() const {
    if (intervals_.empty()) return {};
    const std::size_t count = std::min(intervals_.size(), kRecent);
    Interval sum = intervals_[intervals_.size() - count];
    for (std::size_t i = count - 1; i > 0; --i) sum.add(intervals_[intervals_.size() - i]);
    return sum;
}

PortProbe::Verdict PortProbe::judge() const {
    const Interval sum = recent();
    if (intervals_.size() < kRecent || sum.told.loss() <= kHeavyLoss) return verdict_;
    if (sum.delay >= kStandingDelay) return Verdict::slow_port;
    if (const auto answer = elasticity()) {
        return *answer < 0.5 ? Verdict::slow_port : Verdict::lossy;
    }
    return verdict_ == Verdict::sound ? Verdict::suspect : verdict_;
}

std::optional<double> PortProbe::elasticity() const {
    double least = 0;
    double most = 0;
    for (const auto& interval : intervals_) {
        if (interval.told.received == 0) continue;
        const double rate = interval.sent_bits_per_second();
        least = least == 0 ? rate : std::min(least, rate);
        most = std::max(most, rate);
    }
    if (least == 0 || most < kRateChange * least) return std::nullopt;
    std::optional<Interval> sides[2];
    for (const auto& interval : intervals_) {
        if (interval.told.received == 0) continue;
        auto& side = sides[interval.sent_bits_per_second() > std::sqrt(least * most) ? 1 : 0];
        if (side) {
            side->add(interval);
        } else {
            side = interval;
        }
    }
    const double sent = sides[1]->sent_bits_per_second() / sides[0]->sent_bits_per_second();
    const double delivered =
        sides[1]->told.delivered_bits_per_second() / sides[0]->told.delivered_bits_per_second();
    return std::log(delivered) / std::log(sent);
}

}  // namespace muster::mcast
