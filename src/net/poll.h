// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a thin sender or receiver thread needs to wait with: sockets, an inbox and a deadline at
// once (ppoll, nanoseconds), and a descriptor another thread can ring (eventfd).
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/time.h"
#include "net/fd.h"

namespace muster::net {

// A bell between threads: signal() from any thread makes fd() readable until clear().
class EventFd {
public:
    static Result<EventFd> create();
    void signal() const;
    // True when it had been rung since the last clear().
    bool clear() const;
    int fd() const { return fd_.value(); }

private:
    explicit EventFd(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

// Waits until one of up to 32 descriptors is readable (or failed: the next read says how) or the
// time is over. Bit i of the result stands for fds[i]; 0 means the time is over or a signal came.
// A negative timeout waits for ever, zero does not wait.
Result<std::uint32_t> wait_readable(std::span<const int> fds, Duration timeout);

// Sleeps until a point of monotonic_now(); returns at once when it has passed.
void sleep_until(TimePoint deadline);
// Lets this thread's waits end within about 1 us of their deadline instead of the kernel's usual
// 50 us (timer slack). For the paced sender.
void use_fine_timers();
// Lets this thread run soon after it woke, before ordinary ones (nice -10); without the right to
// it nothing changes. For the threads whose delay is loss or idle wire.
void prefer_this_thread();
// What top and /proc call this thread; at most 15 characters.
void name_this_thread(const char* name);

}  // namespace muster::net
