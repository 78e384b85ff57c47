// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/rate_controller.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace muster::mcast {

namespace {

using std::chrono::milliseconds;

// Long enough that every member of a small room was heard in each.
constexpr Duration kEpoch = milliseconds(125);
constexpr double kStart = 50e6;
constexpr double kSearchStep = 0.25;  // of an epoch
constexpr double kFloorOfCap = 0.05;
constexpr double kFloor = 2e6;
constexpr double kHighest = 400e9;
// Without a queue, in an epoch: from the first by doubling to the last; near a limit that is known
// not more than the middle one.
constexpr double kFirstStep = 0.005;
constexpr double kStepNearLimit = 0.02;
constexpr double kStepNearReceivers = 0.005;
constexpr double kLastStep = 0.08;
constexpr double kLeftByReceivers = 0.7;
constexpr double kOfSinks = 0.97;
constexpr double kNearSinks = 0.8;
constexpr double kNearBelow = 0.9;
constexpr double kNearAbove = 1.1;
// A queue that has just appeared is taken for our own and made shorter within a moment; when it
// stays longer than the other, it is not.
constexpr double kBelowDelivered = 0.98;
constexpr double kDrainSeconds = 0.25;
constexpr Duration kDrainPatience = milliseconds(500);
constexpr double kLargestStepBesideQueue = 0.25;
constexpr double kDrainDelivered = 0.85;  // after a cut, at most: the queue has to become shorter
constexpr double kSuspiciousLoss = 0.02;  // above the floor, without a queue
// A pacer that keeps an exact window reaches 93 to 96 %.
constexpr double kUsesItsRate = 0.8;

}  // namespace

std::string_view to_string(RateLimit limit) {
    switch (limit) {
        case RateLimit::cap: return "cap";
        case RateLimit::searching: return "searching";
        case RateLimit::congestion: return "congestion";
        case RateLimit::receivers: return "receivers";
        case RateLimit::sender: return "sender";
        case RateLimit::slow_clients: return "slow clients";
    }
    return "cap";
}

RateController::RateController(const RateOptions& options)
    : options_(options), survey_(options.tolerance), step_(kFirstStep) {
    set(kStart, RateLimit::searching);
}

std::uint64_t RateController::bits_per_second() const {
    if (options_.mode == RateMode::fixed) return options_.cap_bits_per_second;
    return static_cast<std::uint64_t>(rate_);
}

RateLimit RateController::limit() const {
    return options_.mode == RateMode::fixed ? RateLimit::cap : limit_;
}

void RateController::set(double rate, RateLimit limit) {
    const double cap = options_.cap_bits_per_second > 0
                           ? static_cast<double>(options_.cap_bits_per_second)
                           : kHighest;
    const double floor = options_.cap_bits_per_second > 0
                             ? std::min(cap, std::max(kFloorOfCap * cap, kFloor))
                             : kFloor;
    rate_ = std::clamp(rate, floor, cap);
    limit_ = rate_ >= cap ? RateLimit::cap : limit;
}

void RateController::on_interval(MemberNumber member, const ReceptionInterval& interval,
                                 const MemberReception& reception) {
    if (options_.mode == RateMode::fixed || interval.first_number < counts_from_) return;
    survey_.on_interval(member, interval, reception);
}

void RateController::on_time(TimePoint now, std::uint64_t wire_bytes_sent,
                             std::uint64_t next_packet_number) {
    if (options_.mode == RateMode::fixed) return;
    if (now < settles_until_) {
        counts_from_ = next_packet_number;
        survey_.clear();
        epoch_began_.reset();
    }
    if (!epoch_began_) {
        epoch_began_ = now;
        sent_before_ = wire_bytes_sent;
    }
    const Duration length = now - *epoch_began_;
    if (length < kEpoch || survey_.empty()) return;
    const double sent =
        8 * static_cast<double>(wire_bytes_sent - sent_before_) / to_seconds(length);
    const RoomView view = survey_.view(noise_);
    survey_.clear();
    epoch_began_ = now;
    sent_before_ = wire_bytes_sent;
    decide(now, view, sent);
}

void RateController::settle(TimePoint now, Duration round_trip) {
    settles_until_ = now + std::clamp<Duration>(2 * round_trip, kEpoch / 2, milliseconds(500));
}

void RateController::decide(TimePoint now, const RoomView& view, double sent) {
    if (view.receivers_take && *view.receivers_take < rate_) {
        noise_.abandon_experiment();
        return follow_receivers(now, *view.receivers_take, view);
    }
    if (view.sinks_sustain && view.sinks_are_busy && kOfSinks * *view.sinks_sustain < rate_) {
        noise_.abandon_experiment();
        return follow_receivers(now, kOfSinks * *view.sinks_sustain, view);
    }
    if (view.lost_in_queue) {
        noise_.abandon_experiment();
        return cut(now, view);
    }
    if (noise_.is_experimenting()) return go_on_with_experiment(now, view);
    if (noise_.is_exceeded(view.loss, kSuspiciousLoss)) {
        before_experiment_ = rate_;
        noise_.begin_experiment(view.loss);
        set(rate_ * CubicGrowth::kCut, RateLimit::congestion);
        return settle(now, view.round_trip);
    }
    if (view.queue_delay < RoomSurvey::kStandingQueue) noise_.on_calm(view.loss);
    grow(now, view, sent);
}

void RateController::go_on_with_experiment(TimePoint now, const RoomView& view) {
    const auto verdict = noise_.on_experiment(view.loss);
    if (verdict == NoiseFloor::Verdict::undecided) return;
    if (verdict == NoiseFloor::Verdict::noise) {
        set(before_experiment_, searching_ ? RateLimit::searching : RateLimit::congestion);
    } else {
        searching_ = false;
        known_limit_ = before_experiment_;
        step_ = kFirstStep;
    }
    settle(now, view.round_trip);
}

void RateController::cut(TimePoint now, const RoomView& view) {
    const double passed = view.delivered_bits_per_second / (1 - noise_.value());
    const double from = std::min(CubicGrowth::kCut * rate_, kDrainDelivered * passed);
    known_limit_ = std::min(rate_, passed);
    // Below the last top somebody else is growing: leave some of it (RFC 9438, 4.7).
    const double top =
        known_limit_ < last_top_ ? known_limit_ * (1 + CubicGrowth::kCut) / 2 : known_limit_;
    last_top_ = known_limit_;
    searching_ = false;
    beside_queue_ = true;
    queue_drains_until_.reset();
    step_ = kFirstStep;
    set(from, RateLimit::congestion);
    cubic_.start(now, rate_, top, view.round_trip);
    settle(now, view.round_trip);
}

// Less than the sinks sustain is only until their backlog is gone. One epoch may be that of threads
// that did not run, so it does not take more than a part of the rate.
void RateController::follow_receivers(TimePoint now, double found, const RoomView& view) {
    const double take = std::max(found, kLeftByReceivers * rate_);
    searching_ = false;
    beside_queue_ = false;
    step_ = kFirstStep;
    const bool by_sinks = view.sinks_sustain && view.sinks_are_busy;
    known_limit_ = by_sinks ? std::max(take, kOfSinks * *view.sinks_sustain) : take;
    back_to_ = known_limit_;
    set(take, RateLimit::receivers);
    settle(now, {});
}

void RateController::grow(TimePoint now, const RoomView& view, double sent) {
    if (view.receivers_take) return;  // as much as they can take, and not more
    if (sent < kUsesItsRate * rate_) {
        limit_ = RateLimit::sender;
        return;
    }
    if (view.queue_delay >= RoomSurvey::kStandingQueue) return grow_beside_queue(now, view);
    beside_queue_ = false;
    queue_drains_until_.reset();
    grow_freely(view);
}

void RateController::grow_beside_queue(TimePoint now, const RoomView& view) {
    if (!beside_queue_) {
        const double passed = view.delivered_bits_per_second / (1 - noise_.value());
        const double drained = kBelowDelivered - to_seconds(view.queue_delay) / kDrainSeconds;
        known_limit_ = std::min(rate_, passed);
        searching_ = false;
        beside_queue_ = true;
        queue_drains_until_ = now + kDrainPatience;
        step_ = kFirstStep;
        set(std::clamp(drained * passed, CubicGrowth::kCut * rate_, rate_), RateLimit::congestion);
        return settle(now, view.round_trip);
    }
    if (queue_drains_until_) {
        if (now < *queue_drains_until_) return;
        queue_drains_until_.reset();
        return cubic_.start(now, rate_, known_limit_, view.round_trip);
    }
    const double most = rate_ * (1 + kLargestStepBesideQueue);
    set(std::clamp(cubic_.rate(now), rate_, most), RateLimit::congestion);
}

void RateController::grow_freely(const RoomView& view) {
    if (!view.sinks_are_busy && back_to_ > rate_ && limit_ == RateLimit::receivers) {
        return set(std::exchange(back_to_, 0), RateLimit::receivers);
    }
    if (view.sinks_sustain && rate_ > kNearSinks * *view.sinks_sustain) {
        searching_ = false;
        known_limit_ = std::max(rate_, *view.sinks_sustain);
        if (limit_ == RateLimit::searching) limit_ = RateLimit::receivers;
    }
    if (searching_) return set(rate_ * (1 + kSearchStep), RateLimit::searching);
    const bool near = rate_ > kNearBelow * known_limit_ && rate_ < kNearAbove * known_limit_;
    const double near_step = limit_ == RateLimit::receivers ? kStepNearReceivers : kStepNearLimit;
    const double step = near ? std::min(step_, near_step) : step_;
    step_ = std::min(2 * step_, kLastStep);
    set(rate_ * (1 + step), limit_ == RateLimit::sender ? RateLimit::searching : limit_);
}

}  // namespace muster::mcast
