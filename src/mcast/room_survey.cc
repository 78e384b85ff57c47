// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/room_survey.h"

#include <algorithm>
#include <vector>

namespace muster::mcast {

namespace {

// Local: drops above this share, or a backlog above both of these. One group that waits for its
// decoding is up to 6 MB and no backlog.
constexpr double kLocalDropShare = 0.001;
constexpr double kStandingBacklogBytes = 8 << 20;
constexpr double kStandingBacklogSeconds = 0.15;
constexpr std::uint64_t kBusyBacklogBytes = 1 << 20;
// How much slower than its sink a local member is fed, so that the backlog becomes shorter again.
constexpr double kBacklogCorrectionSeconds = 1;
constexpr double kWirePerStored = 1486.0 / 1408;
constexpr double kAfterOwnDrops = 0.95;  // of what a member received while it dropped
// With that much loss without a queue, single losses within one tell nothing: its length must.
constexpr double kLoud = 0.002;
constexpr Duration kLongQueue = std::chrono::milliseconds(20);

template <typename T>
T nth(std::vector<T> values, std::size_t n) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), values.end());
    return values[n];
}

}  // namespace

void RoomSurvey::on_interval(MemberNumber member, const ReceptionInterval& interval,
                             const MemberReception& reception) {
    auto [it, is_new] = heard_.try_emplace(member);
    Heard& heard = it->second;
    if (is_new) {
        heard.interval = interval;
    } else {
        heard.interval += interval;
    }
    heard.queue_delay = reception.queue_delay();
    heard.round_trip = reception.round_trip();
    heard.backlog_bytes = reception.backlog_bytes();
    heard.sink_bits_per_second = static_cast<double>(reception.sink_bits_per_second());
}

bool RoomSurvey::Heard::is_local() const {
    const auto drops = static_cast<double>(interval.local_drops);
    if (drops > kLocalDropShare * static_cast<double>(interval.received + interval.local_drops)) {
        return true;
    }
    return excess_backlog_bytes() > 0;
}

double RoomSurvey::Heard::excess_backlog_bytes() const {
    const double standing =
        std::max(kStandingBacklogBytes, kStandingBacklogSeconds * sink_bits_per_second / 8);
    return static_cast<double>(backlog_bytes) - standing;
}

double RoomSurvey::Heard::takes() const {
    double takes = interval.delivered_bits_per_second();
    if (interval.local_drops > 0) takes *= kAfterOwnDrops;
    const double excess = excess_backlog_bytes();
    if (excess <= 0) return takes;
    if (sink_bits_per_second <= 0) return takes * kAfterOwnDrops;
    const double less = 8 * excess / sink_bits_per_second / kBacklogCorrectionSeconds;
    return sink_on_wire() * std::clamp(1 - less, 0.5, 1.0);
}

double RoomSurvey::Heard::sink_on_wire() const {
    const double share_stored = std::max(0.5, 1 - interval.loss());
    return sink_bits_per_second * kWirePerStored / share_stored;
}

LossSample RoomSurvey::Heard::loss() const {
    return {interval.lost, interval.received + interval.lost, interval.mean_burst()};
}

bool RoomSurvey::Heard::lost_in_queue(const NoiseFloor& noise) const {
    if (queue_delay < kStandingQueue) return false;
    if (!noise.explains(loss())) return true;
    return noise.calm() >= kLoud && queue_delay >= kLongQueue;
}

std::size_t RoomSurvey::tolerated(std::size_t members) const {
    if (tolerance_ <= 0 || members < 2) return 0;
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(tolerance_ * static_cast<double>(members)));
}

RoomView RoomSurvey::view(const NoiseFloor& noise) const {
    RoomView view;
    look_at_receivers(view);
    look_at_network(view, noise);
    return view;
}

void RoomSurvey::look_at_receivers(RoomView& view) const {
    std::vector<double> local_take;
    std::vector<double> sinks;
    std::size_t busy = 0;
    for (const auto& [number, heard] : heard_) {
        if (heard.is_local()) local_take.push_back(heard.takes());
        if (heard.sink_bits_per_second > 0) sinks.push_back(heard.sink_on_wire());
        busy += heard.backlog_bytes > kBusyBacklogBytes;
    }
    view.sinks_are_busy = is_the_room(busy);
    if (is_the_room(local_take.size())) {
        view.receivers_take = nth(local_take, (local_take.size() - 1) / 2);
    }
    if (is_the_room(sinks.size())) view.sinks_sustain = nth(sinks, (sinks.size() - 1) / 2);
}

// Half of it, and not one computer alone of several.
bool RoomSurvey::is_the_room(std::size_t members) const {
    return 2 * members >= heard_.size() && members >= std::min<std::size_t>(2, heard_.size());
}

void RoomSurvey::look_at_network(RoomView& view, const NoiseFloor& noise) const {
    std::vector<const Heard*> others;
    for (const auto& [number, heard] : heard_) {
        if (!heard.is_local()) others.push_back(&heard);
    }
    if (others.empty()) return;
    const std::size_t skip = tolerated(others.size());
    const auto in_queue = std::count_if(others.begin(), others.end(), [&](const Heard* heard) {
        return heard->lost_in_queue(noise);
    });
    view.lost_in_queue = static_cast<std::size_t>(in_queue) > skip;
    std::vector<Duration> queues;
    std::vector<Duration> round_trips;
    std::vector<double> delivered;
    for (const Heard* heard : others) {
        queues.push_back(heard->queue_delay);
        round_trips.push_back(heard->round_trip);
        delivered.push_back(heard->interval.delivered_bits_per_second());
    }
    view.queue_delay = nth(queues, others.size() - 1 - skip);
    view.round_trip = nth(round_trips, others.size() / 2);
    view.delivered_bits_per_second = nth(delivered, others.size() / 2);
    std::sort(others.begin(), others.end(), [](const Heard* a, const Heard* b) {
        return a->interval.loss() > b->interval.loss();
    });
    view.loss = others[skip]->loss();
}

}  // namespace muster::mcast
