// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/noise_floor.h"

#include <algorithm>
#include <cmath>

namespace muster::mcast {

namespace {
constexpr double kHighestFloor = 0.15;
constexpr double kDeviations = 3;
constexpr int kExperimentEpochs = 3;
constexpr double kAnswer = 0.7;       // what is left of loss that answers to a cut, at most
constexpr double kFollow = 1.0 / 16;  // per epoch
}  // namespace

double LossSample::loss() const {
    return all == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(all);
}

double LossSample::deviation() const {
    if (all == 0) return 1;
    const double count = static_cast<double>(all);
    const double p = std::max(loss(), 1 / count);
    return std::sqrt(p * (1 - std::min(p, 1.0)) * (2 * mean_burst - 1) / count);
}

bool NoiseFloor::is_exceeded(const LossSample& sample, double margin) const {
    return sample.loss() > floor_ + margin + kDeviations * sample.deviation();
}

bool NoiseFloor::explains(const LossSample& sample) const {
    const double expected = calm_ * static_cast<double>(sample.all);
    const double chance = kDeviations * std::sqrt(expected * (2 * sample.mean_burst - 1));
    return static_cast<double>(sample.lost) <= expected + chance;
}

void NoiseFloor::on_calm(const LossSample& sample) {
    if (sample.all == 0) return;
    calm_ += kFollow * (sample.loss() - calm_);
    if (sample.loss() < floor_) floor_ += kFollow * (sample.loss() - floor_);
}

void NoiseFloor::begin_experiment(const LossSample& before) {
    before_ = before.loss();
    after_ = {};
    epochs_ = 0;
}

NoiseFloor::Verdict NoiseFloor::on_experiment(const LossSample& sample) {
    after_.lost += sample.lost;
    after_.all += sample.all;
    if (++epochs_ < kExperimentEpochs) return Verdict::undecided;
    const bool answers = after_.loss() < kAnswer * *before_;
    before_.reset();
    if (answers || after_.loss() > kHighestFloor) return Verdict::congestion;
    floor_ = calm_ = after_.loss();
    return Verdict::noise;
}

}  // namespace muster::mcast
