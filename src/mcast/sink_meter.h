// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a receiver sustains behind its socket: decoding, hashing, storing. While orders are
// outstanding it is busy; bytes stored per busy second are its rate, however little comes. What is
// ordered and not yet stored is its backlog; decoding makes it large for a moment, so that the
// least of an interval says whether it stands.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace muster::mcast {

class SinkMeter {
public:
    // Called before anything else that happens at this time.
    void advance(TimePoint now);
    void on_ordered(std::uint64_t bytes);
    // `stored`: bytes of that order that need no more work.
    void on_answered(std::uint64_t bytes, std::uint64_t stored);

    std::uint64_t backlog_bytes() const { return backlog_bytes_; }
    // The least since the last call.
    std::uint64_t take_least_backlog();
    // Over the last half to whole busy second; 0 until it has been busy for a tenth of one.
    std::uint64_t bits_per_second() const;

private:
    std::optional<TimePoint> advanced_to_;
    std::uint32_t orders_ = 0;
    std::uint64_t backlog_bytes_ = 0;
    std::uint64_t least_backlog_ = 0;
    struct Stretch {
        double busy_seconds = 0;
        double stored_bytes = 0;
    };
    Stretch now_;  // up to half a busy second, and the half before it
    Stretch before_;
};

}  // namespace muster::mcast
