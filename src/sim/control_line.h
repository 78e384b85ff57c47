// SPDX-License-Identifier: GPL-3.0-or-later
//
// The control connection towards one computer when it shares a slow port with the stream: what the
// full queue drops is sent again after 200 ms, 400 ms and so on, as TCP does, and what comes later
// waits for it.
#pragma once

#include <deque>
#include <functional>

#include "sim/event_queue.h"
#include "sim/link.h"

namespace muster::sim {

class ControlLine {
public:
    ControlLine(EventQueue& queue, Link& port) : queue_(queue), port_(port) {}
    void send(std::function<void()> arrive);

private:
    void try_first();

    EventQueue& queue_;
    Link& port_;
    std::deque<std::function<void()>> waiting_;
    TimePoint last_arrival_{};  // whatever jitter does, order stays
    Duration patience_{};
    bool trying_ = false;
};

}  // namespace muster::sim
