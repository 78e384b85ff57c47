// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/reception_meter.h"

#include <algorithm>
#include <limits>

#include "mcast/control.h"

namespace muster::mcast {

namespace {

std::uint32_t cut_off(std::uint64_t value) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void ReceptionMeter::on_packet(std::uint64_t packet_number, std::size_t wire_bytes) {
    loss_.on_number(packet_number);
    ++received_;
    wire_bytes_ += wire_bytes;
}

void ReceptionMeter::on_status(TimePoint now, const StatusPacket& packet, Prng& prng) {
    queue_delay_.on_stamp(now, packet.sent_at_us);
    echoed_us_ = packet.sent_at_us;
    echoed_at_ = now;
    if (packet.feedback_period_ms == 0) return next_feedback_.reset();
    period_ = std::max<Duration>(std::chrono::milliseconds(packet.feedback_period_ms),
                                 from_seconds(packet.members / kReportsPerSecond));
    // A false STATUS must not silence us for longer than until the next true one.
    const TimePoint latest = now + period_ * 5 / 4;
    next_feedback_ = next_feedback_ ? std::min(*next_feedback_, latest)
                                    : now + from_seconds(to_seconds(period_) * prng.uniform());
}

Duration ReceptionMeter::jittered_period(Prng& prng) const {
    return from_seconds(to_seconds(period_) * (0.75 + 0.5 * prng.uniform()));
}

std::optional<FeedbackPacket> ReceptionMeter::poll_feedback(TimePoint now, std::uint32_t member,
                                                            Prng& prng) {
    if (!next_feedback_ || now < *next_feedback_) return std::nullopt;
    next_feedback_ = now + jittered_period(prng);
    FeedbackPacket feedback;
    feedback.member = member;
    feedback.echoed_us = echoed_us_;
    feedback.held_us = cut_off(static_cast<std::uint64_t>((now - echoed_at_).count() / 1000));
    feedback.highest_seen = loss_.highest();
    feedback.received = received_;
    feedback.lost = lost_in_network();
    feedback.loss_runs = loss_.runs();
    feedback.received_wire_bytes = wire_bytes_;
    feedback.local_drops = cut_off(socket_drops_);
    feedback.queue_delay_us =
        cut_off(static_cast<std::uint64_t>(queue_delay_.take().count() / 1000));
    feedback.backlog_kib = cut_off(sink_.take_least_backlog() / 1024);
    feedback.sink_kbps = cut_off(sink_.bits_per_second() / 1000);
    return feedback;
}

}  // namespace muster::mcast
