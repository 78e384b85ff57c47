// SPDX-License-Identifier: GPL-3.0-or-later
//
// How other threads speak to a thread that waits on sockets: a bounded queue of functions with a
// bell. The functions run on the thread that drains it. This queue holds the only mutex of the
// transport's threads.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "net/poll.h"

namespace muster::session {

class Inbox {
public:
    // More than `limit` waiting makes post() wait: who produces faster than the thread works has
    // to slow down.
    static Result<Inbox> create(std::size_t limit = 4096) {
        return Inbox(TRY(net::EventFd::create()), limit);
    }

    void post(std::function<void()> work) {
        {
            std::unique_lock lock(state_->mutex);
            state_->room.wait(lock,
                              [&] { return state_->queue.size() < limit_ || state_->closed; });
            if (state_->closed) return;
            state_->queue.push_back(std::move(work));
        }
        bell_.signal();
    }
    // Runs everything that waits; the owner's thread only.
    void drain() {
        bell_.clear();
        std::deque<std::function<void()>> work;
        {
            std::lock_guard lock(state_->mutex);
            work.swap(state_->queue);
        }
        state_->room.notify_all();
        for (auto& function : work) function();
    }
    // From now on post() drops what it is given and nobody waits in it.
    void close() {
        {
            std::lock_guard lock(state_->mutex);
            state_->closed = true;
            state_->queue.clear();
        }
        state_->room.notify_all();
    }
    int fd() const { return bell_.fd(); }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable room;
        std::deque<std::function<void()>> queue;
        bool closed = false;
    };
    Inbox(net::EventFd bell, std::size_t limit)
        : bell_(std::move(bell)), limit_(limit), state_(std::make_unique<State>()) {}

    net::EventFd bell_;
    std::size_t limit_;
    std::unique_ptr<State> state_;
};

}  // namespace muster::session
