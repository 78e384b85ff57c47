// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/member_reception.h"

#include <algorithm>
#include <utility>

namespace muster::mcast {

namespace {

// What a member says may be false; no counter of it may make a difference run wild.
std::uint64_t difference(std::uint64_t now, std::uint64_t before) {
    return now > before ? std::min<std::uint64_t>(now - before, 1ULL << 40) : 0;
}

Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

// When it was said, by the sender's own clock: the way of the uplink does not count.
std::uint64_t said_at_us(const FeedbackPacket& feedback) {
    return feedback.echoed_us + feedback.held_us;
}

Duration length_between(const FeedbackPacket& before, const FeedbackPacket& after,
                        Duration arrivals) {
    const std::uint64_t said_us = said_at_us(after) - said_at_us(before);
    const Duration said = microseconds(std::min<std::uint64_t>(said_us, 1ULL << 40));
    const bool plausible = said > arrivals / 2 && said < arrivals * 2;
    return std::max<Duration>(plausible ? said : arrivals, std::chrono::milliseconds(1));
}

}  // namespace

double ReceptionInterval::loss() const {
    const std::uint64_t all = received + lost;
    return all == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(all);
}

double ReceptionInterval::mean_burst() const {
    if (lost == 0 || loss_runs == 0) return 1;
    return std::max(1.0, static_cast<double>(lost) / static_cast<double>(loss_runs));
}

double ReceptionInterval::delivered_bits_per_second() const {
    if (length <= Duration{}) return 0;
    return 8 * static_cast<double>(wire_bytes) / to_seconds(length);
}

ReceptionInterval& ReceptionInterval::operator+=(const ReceptionInterval& later) {
    length += later.length;
    last_number = later.last_number;
    received += later.received;
    lost += later.lost;
    loss_runs += later.loss_runs;
    wire_bytes += later.wire_bytes;
    local_drops += later.local_drops;
    return *this;
}

std::optional<ReceptionInterval> MemberReception::on_feedback(TimePoint now,
                                                              const FeedbackPacket& feedback) {
    const bool is_first = !latest_;
    const bool is_old = !is_first && (feedback.received < latest_->received ||
                                      feedback.received_wire_bytes < latest_->received_wire_bytes);
    if (is_old) return std::nullopt;
    const FeedbackPacket before = latest_.value_or(feedback);
    const Duration arrivals = now - std::exchange(heard_at_, now);
    latest_ = feedback;
    const std::uint64_t now_us = static_cast<std::uint64_t>(now.time_since_epoch().count() / 1000);
    // A false echo is from the future, or from long ago.
    const std::uint64_t round_trip_us = now_us - said_at_us(feedback);
    round_trip_ = microseconds(round_trip_us <= 10'000'000 ? round_trip_us : 0);
    if (is_first) return std::nullopt;

    ReceptionInterval interval;
    interval.length = length_between(before, feedback, arrivals);
    interval.first_number = before.highest_seen + 1;
    interval.last_number = feedback.highest_seen;
    interval.received = difference(feedback.received, before.received);
    interval.lost = difference(feedback.lost, before.lost);
    interval.loss_runs = difference(feedback.loss_runs, before.loss_runs);
    interval.wire_bytes = difference(feedback.received_wire_bytes, before.received_wire_bytes);
    interval.local_drops = difference(feedback.local_drops, before.local_drops);
    intervals_.push_back(interval);
    if (intervals_.size() > kIntervals) intervals_.pop_front();
    return interval;
}

ReceptionInterval MemberReception::recent() const {
    if (intervals_.empty()) return {};
    ReceptionInterval sum = intervals_.front();
    for (std::size_t i = 1; i < intervals_.size(); ++i) sum += intervals_[i];
    return sum;
}

Duration MemberReception::queue_delay() const {
    return latest_ ? microseconds(latest_->queue_delay_us) : Duration{};
}

std::uint64_t MemberReception::backlog_bytes() const {
    return latest_ ? std::uint64_t{latest_->backlog_kib} * 1024 : 0;
}

std::uint64_t MemberReception::sink_bits_per_second() const {
    return latest_ ? std::uint64_t{latest_->sink_kbps} * 1000 : 0;
}

}  // namespace muster::mcast
