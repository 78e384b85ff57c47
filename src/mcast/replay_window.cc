// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/replay_window.h"

#include <algorithm>

namespace muster::mcast {

bool ReplayWindow::came_before(std::uint64_t number) const {
    const auto highest = course_.highest();
    if (!highest || number > *highest || *highest - number >= kBits) return false;
    const std::uint64_t bit = number % kBits;
    return (bits_[bit / 64] >> (bit % 64)) & 1;
}

void ReplayWindow::forget(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t n = end - std::min(end - begin, kBits); n != end; ++n) {
        bits_[(n % kBits) / 64] &= ~(1ULL << (n % 64));
    }
}

void ReplayWindow::remember(std::uint64_t number) {
    const std::uint64_t before = course_.highest().value_or(0);
    switch (course_.on_number(number)) {
        case NumberCourse::Step::stray: return;
        case NumberCourse::Step::behind:
            if (before - number >= kBits) return;
            break;
        case NumberCourse::Step::ahead: forget(before + 1, number); break;
        case NumberCourse::Step::first:
        case NumberCourse::Step::moved: bits_ = {};
    }
    bits_[(number % kBits) / 64] |= 1ULL << (number % 64);
}

}  // namespace muster::mcast
