// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/number_course.h"

namespace muster::mcast {

namespace {

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

}  // namespace

NumberCourse::Step NumberCourse::on_number(std::uint64_t number) {
    if (!highest_) {
        highest_ = number;
        return Step::first;
    }
    if (distance(number, *highest_) <= kMaxJump) {
        strays_ = 0;
        if (number <= *highest_) return Step::behind;
        highest_ = number;
        return Step::ahead;
    }
    const bool agrees = strays_ > 0 && distance(number, last_stray_) <= kMaxJump;
    strays_ = agrees ? strays_ + 1 : 1;
    last_stray_ = number;
    if (strays_ < kStraysThatConvince) return Step::stray;
    strays_ = 0;
    highest_ = number;
    return Step::moved;
}

}  // namespace muster::mcast
