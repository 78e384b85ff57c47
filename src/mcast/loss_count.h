// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is missing between the packet numbers that came. A number that lies far off the course is
// not counted at all, and what a course that moved leaves out is no loss: nobody knows whether it
// was ever sent.
#pragma once

#include <cstdint>

#include "mcast/number_course.h"

namespace muster::mcast {

class LossCount {
public:
    void on_number(std::uint64_t number);
    // Nobody listens for a while: what is missing before the next number is no loss.
    void on_absence() { absent_ = true; }
    std::uint64_t lost() const { return expected_ > counted_ ? expected_ - counted_ : 0; }
    // Runs of consecutive numbers that were missing when a later one came.
    std::uint64_t runs() const { return runs_; }
    std::uint64_t highest() const { return course_.highest().value_or(0); }

private:
    NumberCourse course_;
    std::uint64_t lowest_ = 0;  // since the course moved last
    std::uint64_t expected_ = 0;
    std::uint64_t counted_ = 0;
    std::uint64_t runs_ = 0;
    bool absent_ = false;
};

}  // namespace muster::mcast
