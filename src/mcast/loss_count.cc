// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/loss_count.h"

#include <algorithm>

namespace muster::mcast {

void LossCount::on_number(std::uint64_t number) {
    const std::uint64_t before = highest();
    switch (course_.on_number(number)) {
        case NumberCourse::Step::stray: return;
        case NumberCourse::Step::first:
        case NumberCourse::Step::moved:
            lowest_ = number;
            ++expected_;
            break;
        case NumberCourse::Step::ahead:
            expected_ += absent_ ? 1 : number - before;
            if (number > before + 1 && !absent_) ++runs_;
            absent_ = false;
            break;
        case NumberCourse::Step::behind:
            expected_ += lowest_ - std::min(lowest_, number);
            lowest_ = std::min(lowest_, number);
    }
    ++counted_;
}

}  // namespace muster::mcast
