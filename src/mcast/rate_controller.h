// SPDX-License-Identifier: GPL-3.0-or-later
//
// How fast to send when nobody says a fixed rate (ADR 0011). One sender feeds many receivers, some
// of which lose datagrams whatever the rate is, and some of which cannot take what the others can:
//
//  - Loss is congestion only when it answers to the rate: because a queue stands while it happens,
//    or because it became less after a cut made to find out (NoiseFloor). TCP's equation, 130
//    Mbit/s at 1 % loss and 1 ms, is useless on a lossy LAN.
//  - Without a queue the link is not full: the rate grows by steps that double. When a queue
//    appears, the rate goes back to just below what was delivered, so that a sender alone on its
//    link keeps the queue short.
//  - A queue that stays is somebody else's. Beside it the rate grows and is cut as CUBIC does it,
//    since the flow beside it most likely does too.
//  - A few members may suffer: one computer does not slow the room (RoomSurvey).
//  - When most members cannot store or read what comes, the rate is what they can take. What their
//    sinks sustain is known before a backlog grows: near it the rate grows slowly, and when
//    something always waits there it is the rate.
//
// Decisions fall once an epoch, over FEEDBACK about what was sent after the last cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "mcast/cubic_growth.h"
#include "mcast/noise_floor.h"
#include "mcast/room_survey.h"

namespace muster::mcast {

enum class RateMode { fixed, adaptive };

// What keeps the rate from being higher. `searching`: nothing yet. `sender`: it sends less than it
// may, because its disk or processor is slower or nothing is left to send. `slow_clients`:
// SlowComputers says how fast.
enum class RateLimit { cap, searching, congestion, receivers, sender, slow_clients };
std::string_view to_string(RateLimit limit);

struct RateOptions {
    RateMode mode = RateMode::fixed;
    std::uint64_t cap_bits_per_second = 0;  // 0: none
    // Share of the members that may suffer alone; of two or more at least one. 0: the slowest
    // rules.
    double tolerance = 0.05;
};

class RateController {
public:
    explicit RateController(const RateOptions& options);

    // An interval of an active member, and the member as it is after it.
    void on_interval(MemberNumber member, const ReceptionInterval& interval,
                     const MemberReception& reception);
    // To be called often; decides when an epoch is over. What was sent so far: bytes on the wire
    // and the number of the next packet.
    void on_time(TimePoint now, std::uint64_t wire_bytes_sent, std::uint64_t next_packet_number);

    std::uint64_t bits_per_second() const;  // 0: no limit
    RateLimit limit() const;
    double noise_floor() const { return noise_.value(); }

private:
    void decide(TimePoint now, const RoomView& view, double sent);
    void go_on_with_experiment(TimePoint now, const RoomView& view);
    void cut(TimePoint now, const RoomView& view);
    void follow_receivers(TimePoint now, double take, const RoomView& view);
    void grow(TimePoint now, const RoomView& view, double sent);
    void grow_beside_queue(TimePoint now, const RoomView& view);
    void grow_freely(const RoomView& view);
    // What was sent until a moment after `now` tells nothing of the rate from now on.
    void settle(TimePoint now, Duration round_trip);
    void set(double rate, RateLimit limit);

    const RateOptions options_;
    RoomSurvey survey_;
    NoiseFloor noise_;
    CubicGrowth cubic_;
    double rate_ = 0;
    RateLimit limit_ = RateLimit::searching;

    std::optional<TimePoint> epoch_began_;
    std::uint64_t sent_before_ = 0;
    std::uint64_t counts_from_ = 0;  // packet number
    TimePoint settles_until_{};

    bool searching_ = true;  // no limit was met yet
    bool beside_queue_ = false;
    // Until then a queue that has appeared may be our own.
    std::optional<TimePoint> queue_drains_until_;
    double step_ = 0;
    double known_limit_ = 0;        // where a limit was met last
    double back_to_ = 0;            // the rate when a backlog is gone; 0: none was there
    double last_top_ = 0;           // where the last cut was
    double before_experiment_ = 0;  // the rate
};

}  // namespace muster::mcast
