// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/link.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace muster::sim {

LinkOptions LinkOptions::healed() const {
    LinkOptions healthy;
    healthy.delay = delay;
    return healthy;
}

LossProcess::LossProcess(double loss, double mean_burst, Prng prng) : prng_(prng) {
    CHECK(loss >= 0 && loss < 1);
    if (loss > 0) {
        const double burst = std::max(mean_burst, 1 / (1 - loss));
        heal_chance_ = 1 / burst;
        lose_chance_ = loss * heal_chance_ / (1 - loss);
    }
    losing_ = !prng_.chance(loss);  // the first turn() makes it the state with this probability
}

void LossProcess::turn() {
    losing_ = !losing_;
    left_ = draw_length(losing_ ? heal_chance_ : lose_chance_);
}

std::uint64_t LossProcess::draw_length(double end_chance) {
    if (end_chance <= 0) return std::numeric_limits<std::uint64_t>::max();
    if (end_chance >= 1) return 1;
    const double u = std::max(1e-18, 1 - prng_.uniform());
    return 1 + static_cast<std::uint64_t>(std::log(u) / std::log1p(-end_chance));
}

Link::Link(const LinkOptions& options, Prng prng)
    : options_(options), prng_(prng), loss_(options.loss, options.mean_burst, prng_.fork()) {}

Link::Arrivals Link::send(TimePoint now, std::size_t wire_bytes) {
    Arrivals arrivals;
    TimePoint sent = now;
    if (options_.rate_bits_per_second > 0) {
        const double rate = static_cast<double>(options_.rate_bits_per_second);
        const double waiting_bytes = to_seconds(std::max(busy_until_ - now, Duration{})) * rate / 8;
        if (waiting_bytes + static_cast<double>(wire_bytes) > options_.queue_bytes) return arrivals;
        busy_until_ =
            std::max(busy_until_, now) + from_seconds(static_cast<double>(wire_bytes) * 8 / rate);
        sent = busy_until_;
    }
    if (loss_.next_is_lost()) return arrivals;
    const int copies = options_.duplicate > 0 && prng_.chance(options_.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        Arrival& arrival = arrivals.list[arrivals.count++];
        arrival.at = sent + options_.delay;
        if (options_.jitter > Duration{}) {
            arrival.at += from_seconds(to_seconds(options_.jitter) * prng_.uniform());
        }
        arrival.damaged = options_.damage > 0 && prng_.chance(options_.damage);
    }
    return arrivals;
}

void Link::heal() {
    options_ = options_.healed();
    loss_ = LossProcess(0, 0, prng_.fork());
    busy_until_ = {};
}

}  // namespace muster::sim
