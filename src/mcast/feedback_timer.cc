// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/feedback_timer.h"

#include <algorithm>
#include <cmath>

namespace muster::mcast {

Duration draw_feedback_delay(const FeedbackParameters& parameters, std::uint32_t deficit,
                             std::uint32_t group_symbols, Prng& prng) {
    constexpr double kZ = 0.5;
    const double members = std::max(2.0, static_cast<double>(parameters.members));
    const double loss = std::clamp(parameters.worst_loss, 0.0001, 0.9);
    const double mean_loss = group_symbols * loss;
    const double reference = mean_loss + std::sqrt(2 * std::log(members) * mean_loss);
    const double u = std::max(1e-12, prng.uniform());
    const double by_value = 1 - std::min(1.0, deficit / reference);
    const double by_chance = std::max(0.0, 1 + std::log(u) / std::log(members));
    return from_seconds(to_seconds(parameters.backoff) / (1 - loss) *
                        (2 * kZ * by_value + (1 - kZ) * by_chance));
}

}  // namespace muster::mcast
