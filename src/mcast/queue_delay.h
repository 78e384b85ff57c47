// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long datagrams wait in queues on their way to us. A STATUS bears the sender's clock; arrival
// minus stamp is the one-way delay plus the unknown difference of two clocks. Its minimum over two
// minutes is taken for a way without queues, so the difference falls out. Two clocks drift apart:
// an old minimum counts as higher by 100 ppm of its age (LEDBAT's base history, RFC 6817 section
// 4.2, with a slope). A shorter memory forgets the empty way while a TCP flow keeps the queue full.
//
// Of the stamps of one interval the least counts: a thread that woke up late delays one datagram, a
// queue delays all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace muster::mcast {

class QueueDelay {
public:
    void on_stamp(TimePoint now, std::uint64_t sent_at_us);
    // Of the stamps since the last call, or as before when none has come; zero at first.
    Duration take();

private:
    static constexpr std::int64_t kSpanSeconds = 10;
    static constexpr std::size_t kSpans = 12;
    static constexpr std::uint64_t kDriftPerSpanUs = 1000;

    std::int64_t base() const;

    // The least difference of each of the last spans, in microseconds.
    std::array<std::optional<std::int64_t>, kSpans> least_of_span_;
    std::int64_t span_ = 0;
    std::optional<std::int64_t> least_since_taken_;
    Duration last_{};
};

}  // namespace muster::mcast
