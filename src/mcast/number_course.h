// SPDX-License-Identifier: GPL-3.0-or-later
//
// How far a stream of numbered datagrams is. Every member holds the group's key, so a number far
// ahead may be a lie, and a plain maximum would believe it for ever: every later datagram would
// look old, and all between would look lost. As in RFC 3550 (A.1), a number far from the course is
// a stray until several in a row agree with it; then the course has moved, as it does when a cable
// was out, or when a lie is found out.
#pragma once

#include <cstdint>
#include <optional>

namespace muster::mcast {

class NumberCourse {
public:
    // Numbers within so far of the highest are on the course.
    static constexpr std::uint64_t kMaxJump = 1u << 15;
    // So many strays in a row, each near the one before, move it.
    static constexpr std::uint32_t kStraysThatConvince = 16;

    enum class Step {
        first,  // of all
        ahead,  // the new highest
        behind,
        stray,  // not to be counted on
        moved,  // the new highest, wherever the old one was
    };
    Step on_number(std::uint64_t number);
    std::optional<std::uint64_t> highest() const { return highest_; }

private:
    std::optional<std::uint64_t> highest_;
    std::uint64_t last_stray_ = 0;
    std::uint32_t strays_ = 0;
};

}  // namespace muster::mcast
