// SPDX-License-Identifier: GPL-3.0-or-later
//
// Loss that does not answer to the rate is not congestion: a bad cable, Wi-Fi, a tired card. Where
// no queue is seen, a cut finds out: when loss does not fall with the rate, it is the floor, and
// only what is above it counts from then on. The floor falls by itself when loss does.
#pragma once

#include <cstdint>
#include <optional>

namespace muster::mcast {

// Datagrams of one epoch at the member that counts.
struct LossSample {
    std::uint64_t lost = 0;
    std::uint64_t all = 0;
    double mean_burst = 1;

    double loss() const;
    // What chance does to it: bursts count as (2B - 1) single losses.
    double deviation() const;
};

class NoiseFloor {
public:
    enum class Verdict { undecided, congestion, noise };

    double value() const { return floor_; }
    // Above what floor and chance explain by more than `margin`.
    bool is_exceeded(const LossSample& sample, double margin) const;
    // An epoch without a queue and without an experiment.
    void on_calm(const LossSample& sample);
    // Loss without a queue, as it was lately: what loss within one is held against.
    double calm() const { return calm_; }
    // No more than that and chance.
    bool explains(const LossSample& sample) const;

    // The rate was cut because of this.
    void begin_experiment(const LossSample& before);
    bool is_experimenting() const { return before_.has_value(); }
    // An epoch at the lower rate.
    Verdict on_experiment(const LossSample& sample);
    void abandon_experiment() { before_.reset(); }

private:
    double floor_ = 0;
    double calm_ = 0;
    std::optional<double> before_;
    LossSample after_;
    int epochs_ = 0;
};

}  // namespace muster::mcast
