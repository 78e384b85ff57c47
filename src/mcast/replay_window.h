// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which datagrams came before, of the last kNumbers below the highest. What lies behind the window
// is let in again: symbols and rows are idempotent, and a reordering network must not lose them.
// What lies far ahead of the course (a member may send any number) is let in too, and does not move
// the window. A datagram is known by its number and a mark, 32 bits of its tag: a member that uses
// a number before the sender does, does not keep the true datagram out.
#pragma once

#include <array>
#include <cstdint>

#include "mcast/number_course.h"

namespace muster::mcast {

class ReplayWindow {
public:
    static constexpr std::uint64_t kNumbers = 1024;

    bool came_before(std::uint64_t number, std::uint32_t mark) const;
    // Only of a datagram whose seal was good.
    void remember(std::uint64_t number, std::uint32_t mark);

private:
    struct Seen {
        std::uint64_t number = ~0ULL;
        std::uint32_t mark = 0;
    };
    NumberCourse course_;
    std::array<Seen, kNumbers> seen_{};  // each number has one place
};

}  // namespace muster::mcast
