// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long datagrams wait in queues on their way to us. A STATUS bears the sender's clock; arrival
// minus stamp is the one-way delay plus the unknown difference of two clocks. Its minimum over 10 s
// is taken for a way without queues, so the difference falls out, and clocks that drift apart by
// 100 ppm falsify the result by at most 1 ms.
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
    static constexpr std::size_t kSeconds = 10;

    std::int64_t base() const;

    // The least difference of each of the last ten seconds, in microseconds.
    std::array<std::optional<std::int64_t>, kSeconds> least_of_second_;
    std::int64_t second_ = 0;
    std::optional<std::int64_t> least_since_taken_;
    Duration last_{};
};

}  // namespace muster::mcast
