// SPDX-License-Identifier: GPL-3.0-or-later
//
// One loop is one thread: HTTPS, WebSockets, timers and signals of a program part run on it, and
// an object made with a Loop is used on that thread only, unless its header says otherwise. Other
// threads talk to it by post().
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/time.h"

namespace muster::net {

// Runs its function once, unless it is destroyed or cancelled before. Loop's thread only.
class Timer {
public:
    struct Impl;
    Timer();
    explicit Timer(std::shared_ptr<Impl> impl);
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    ~Timer();
    // After it the function does not run any more, even when its time has already come.
    void cancel();
    bool pending() const;

private:
    std::shared_ptr<Impl> impl_;
};

class Loop {
public:
    Loop();
    // Timers and servers made with this loop must be gone before. What is still under way is
    // dropped, connections are closed. Responders and WebSockets may live on; they do nothing.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Works until stop(), also when there is nothing to do.
    void run();
    // Any thread, also from a function that runs on the loop. A stop before run() makes the next
    // run() return at once.
    void stop();
    // Any thread. Functions of one thread run in the order they were posted.
    void post(std::function<void()> function);
    // Loop's thread, or before run().
    [[nodiscard]] Timer after(Duration delay, std::function<void()> function);
    // Calls on the loop whenever one of the signals arrives; replaces an earlier call.
    void on_signals(std::initializer_list<int> signals, std::function<void(int)> function);
    void on_signals(std::initializer_list<int> signals, std::function<void()> function);
    bool on_loop_thread() const;

    // For the other parts of net.
    struct Impl;
    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::net
