// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/poll.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/check.h"

namespace muster::net {

namespace {
timespec to_timespec(Duration duration) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
    return {.tv_sec = whole.count(), .tv_nsec = (duration - whole).count()};
}
}  // namespace

Result<EventFd> EventFd::create() {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) return error_from_errno(errno, "create a wake-up descriptor");
    return EventFd(std::move(fd));
}

void EventFd::signal() const {
    // EAGAIN: the counter is full, so it is readable anyway.
    (void)::eventfd_write(fd_.value(), 1);
}

bool EventFd::clear() const {
    eventfd_t count = 0;
    return ::eventfd_read(fd_.value(), &count) == 0;
}

Result<std::uint32_t> wait_readable(std::span<const int> fds, Duration timeout) {
    std::array<pollfd, 32> polled{};
    CHECK(fds.size() <= polled.size());
    for (std::size_t i = 0; i < fds.size(); ++i) polled[i] = {.fd = fds[i], .events = POLLIN};
    const timespec limit = to_timespec(timeout);
    const int count =
        ::ppoll(polled.data(), fds.size(), timeout < Duration::zero() ? nullptr : &limit, nullptr);
    if (count < 0) {
        if (errno == EINTR) return std::uint32_t{0};
        return error_from_errno(errno, "wait for a socket");
    }
    std::uint32_t ready = 0;
    for (std::size_t i = 0; i < fds.size(); ++i) {
        if (polled[i].revents & POLLNVAL) {
            return Error(Errc::internal, "wait for a socket: descriptor " + std::to_string(fds[i]) +
                                             " is not open");
        }
        if (polled[i].revents != 0) ready |= std::uint32_t{1} << i;
    }
    return ready;
}

void sleep_until(TimePoint deadline) {
    const timespec until = to_timespec(deadline.time_since_epoch());
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

void prefer_this_thread() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), -10); }

void name_this_thread(const char* name) { ::prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL); }

void use_fine_timers() { ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); }

}  // namespace muster::net
