// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a member tells of its reception (FEEDBACK): what came and what did not, told apart by where
// it was lost, how long it waited in queues, and what this computer can take. The receiver tells it
// of everything that happens; it says when the next FEEDBACK is due, and makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/prng.h"
#include "base/time.h"
#include "mcast/loss_count.h"
#include "mcast/packet.h"
#include "mcast/queue_delay.h"
#include "mcast/sink_meter.h"

namespace muster::mcast {

class ReceptionMeter {
public:
    // Every datagram of the sender that opened.
    void on_packet(std::uint64_t packet_number, std::size_t wire_bytes);
    void on_status(TimePoint now, const StatusPacket& packet, Prng& prng);
    // It is out of the group: what is sent until the next datagram comes is not lost.
    void on_absence() { loss_.on_absence(); }
    // Dropped by the kernel because our socket's buffer was full: in the gaps, but not the
    // network's fault.
    void on_socket_drops(std::uint64_t datagrams) { socket_drops_ += datagrams; }
    // Thrown away because memory for open groups was full.
    void on_memory_drop() { ++memory_drops_; }
    SinkMeter& sink() { return sink_; }

    std::uint64_t highest_number() const { return loss_.highest(); }
    std::uint64_t received() const { return received_; }
    std::uint64_t missing() const { return loss_.lost(); }  // gaps, wherever they come from
    // Without what our own socket dropped.
    std::uint64_t lost_in_network() const { return missing() - std::min(missing(), socket_drops_); }
    std::uint64_t local_drops() const { return socket_drops_ + memory_drops_; }

    // Nothing before the first STATUS that asks for it.
    std::optional<TimePoint> next_feedback() const { return next_feedback_; }
    // When it is due.
    std::optional<FeedbackPacket> poll_feedback(TimePoint now, std::uint32_t member, Prng& prng);

private:
    Duration jittered_period(Prng& prng) const;

    LossCount loss_;
    std::uint64_t received_ = 0;
    std::uint64_t wire_bytes_ = 0;
    std::uint64_t socket_drops_ = 0;
    std::uint64_t memory_drops_ = 0;
    QueueDelay queue_delay_;
    SinkMeter sink_;

    std::uint64_t echoed_us_ = 0;
    TimePoint echoed_at_{};
    Duration period_{};
    std::optional<TimePoint> next_feedback_;
};

}  // namespace muster::mcast
