// SPDX-License-Identifier: GPL-3.0-or-later
//
// When the next datagram may leave. Two limits at once:
//  - a token bucket of rate R whose burst is at most 4 ms of R or 64 KB, so that a switch's queue
//    never sees much more than line rate, and a thread that woke up late can catch up;
//  - an exact look back: no window of 10 ms ever carries more than R x 10 ms. The bucket alone
//    would allow the burst on top.
// Once nothing more may leave, the next waits for half a millisecond or 32 KB, so that several
// leave together: one system call and one trip through the kernel for all of them.
// Sizes are bytes on the wire, Ethernet header included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/time.h"

namespace muster::mcast {

class Pacer {
public:
    static constexpr Duration kWindow = std::chrono::milliseconds(10);

    // rate 0 means no limit.
    explicit Pacer(std::uint64_t rate_bits_per_second);

    // The earliest time at which a datagram of this size may leave; <= now means "now".
    TimePoint earliest(TimePoint now, std::size_t wire_bytes) const;
    void on_sent(TimePoint now, std::size_t wire_bytes);
    // The last `count` datagrams left only now: the window counts from here.
    void on_left(TimePoint now, std::size_t count);

    // What was sent already has to be paid for at the new rate, a burst of it at most.
    void set_rate(TimePoint now, std::uint64_t rate_bits_per_second);
    std::uint64_t rate_bits_per_second() const { return rate_; }

private:
    void adopt(std::uint64_t rate_bits_per_second);
    struct Sent {
        TimePoint at;
        std::size_t bytes;
    };
    TimePoint room_at(TimePoint now, std::size_t wire_bytes) const;
    Duration cost(std::size_t wire_bytes) const;
    void forget_before(TimePoint start);

    std::uint64_t rate_ = 0;
    Duration burst_{};
    Duration gather_{};
    std::uint64_t window_limit_bytes_ = 0;
    TimePoint bucket_full_at_{};  // when the bucket would be full again, were nothing more sent
    std::deque<Sent> window_;
    std::uint64_t window_bytes_ = 0;
    TimePoint gathers_until_{};
};

}  // namespace muster::mcast
