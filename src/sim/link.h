// SPDX-License-Identifier: GPL-3.0-or-later
//
// One direction of a cable with its faults: which datagrams get through, how often and when.
//
// Loss is a Gilbert process: stretches in which all get through alternate with stretches in which
// all are lost, their lengths geometric, so that the long-run share is `loss` and a mean burst is
// `mean_burst`. Independent loss is the case mean_burst = 1 / (1 - loss). Drawing the length of a
// stretch instead of a number per datagram makes a datagram that gets through cost one decrement,
// which is what lets 10,000 receivers be simulated.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "base/time.h"

namespace muster::sim {

struct LinkOptions {
    double loss = 0;
    double mean_burst = 0;  // 0: independent loss
    Duration delay = std::chrono::microseconds(200);
    Duration jitter{};     // uniform, on top of the delay: datagrams overtake each other
    double duplicate = 0;  // share that arrives twice
    double damage = 0;     // share of which one bit arrives wrong
    std::uint64_t rate_bits_per_second = 0;  // 0: as fast as it comes
    std::uint32_t queue_bytes = 128 * 1024;  // in front of that rate; what does not fit is lost

    // Nothing but loss and delay.
    bool is_plain() const {
        return jitter == Duration{} && duplicate == 0 && damage == 0 && rate_bits_per_second == 0;
    }
    // The same cable without its faults.
    LinkOptions healed() const;
};

class LossProcess {
public:
    LossProcess(double loss, double mean_burst, Prng prng);
    bool next_is_lost() {
        if (left_ == 0) turn();
        --left_;
        return losing_;
    }

private:
    void turn();
    std::uint64_t draw_length(double end_chance);

    double lose_chance_ = 0;  // of a stretch of loss to begin at any datagram
    double heal_chance_ = 1;  // of one to end
    bool losing_ = false;
    std::uint64_t left_ = 0;
    Prng prng_;
};

class Link {
public:
    Link(const LinkOptions& options, Prng prng);

    struct Arrival {
        TimePoint at;
        bool damaged = false;
    };
    struct Arrivals {
        Arrival list[2];
        int count = 0;
    };
    Arrivals send(TimePoint now, std::size_t wire_bytes);
    // For a plain link whose delay is counted elsewhere.
    bool loses_next() { return loss_.next_is_lost(); }
    void heal();
    const LinkOptions& options() const { return options_; }

private:
    LinkOptions options_;
    Prng prng_;
    LossProcess loss_;
    TimePoint busy_until_{};
};

}  // namespace muster::sim
