// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which packet numbers came before, of the last kBits below the highest. What lies behind the
// window is let in again: symbols and rows are idempotent, and a reordering network must not lose
// them. What lies far ahead of the course (a member may send any number) is let in too, and does
// not move the window.
#pragma once

#include <array>
#include <cstdint>

#include "mcast/number_course.h"

namespace muster::mcast {

class ReplayWindow {
public:
    static constexpr std::uint64_t kBits = 1024;

    bool came_before(std::uint64_t number) const;
    // Only of a datagram whose seal was good.
    void remember(std::uint64_t number);

private:
    void forget(std::uint64_t begin, std::uint64_t end);

    NumberCourse course_;
    std::array<std::uint64_t, kBits / 64> bits_{};
};

}  // namespace muster::mcast
