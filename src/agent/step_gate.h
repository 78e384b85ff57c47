// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the loop holds or ends work that blocks a worker's thread: the work asks at every chance it
// has whether to go on, and waits here while it shall not.
#pragma once

#include <atomic>
#include <cstdint>

namespace muster::agent {

class StepGate {
public:
    // The working threads: waits while held; false: end as soon as can be.
    bool pass() const {
        auto now = state_.load();
        for (; now == State::held; now = state_.load()) state_.wait(State::held);
        return now == State::open;
    }

    // The loop, before new work begins.
    void reset(bool held) { change(held ? State::held : State::open); }
    // The loop; none of these takes a stop back.
    void hold() { change_from(State::open, State::held); }
    void release() { change_from(State::held, State::open); }
    void stop() { change(State::stopped); }

private:
    enum class State : std::uint32_t { open, held, stopped };
    void change(State state) {
        state_.store(state);
        state_.notify_all();
    }
    void change_from(State expected, State state) {
        if (state_.compare_exchange_strong(expected, state)) state_.notify_all();
    }
    std::atomic<State> state_ = State::open;
};

}  // namespace muster::agent
