// SPDX-License-Identifier: GPL-3.0-or-later
//
// The simulator's clock: actions wait in a heap, time jumps from one to the next. Two actions due
// at the same time happen in the order in which they were scheduled, so a run depends on nothing
// but its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"

namespace muster::sim {

class EventQueue {
public:
    using Action = std::function<void()>;

    explicit EventQueue(TimePoint start) : now_(start) {}

    TimePoint now() const { return now_; }
    // A time that has passed means now.
    void at(TimePoint when, Action action);
    void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
    // Runs the next action; false when there is none at or before `limit`.
    bool run_one(TimePoint limit);

private:
    struct Event {
        TimePoint when;
        std::uint64_t order = 0;
        Action action;
    };
    static bool later(const Event& a, const Event& b) {
        return a.when != b.when ? a.when > b.when : a.order > b.order;
    }

    TimePoint now_;
    std::uint64_t next_order_ = 0;
    std::vector<Event> heap_;
};

}  // namespace muster::sim
