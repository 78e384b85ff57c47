// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "net/monotonic.h"
#include "net/poll.h"
#include "net/random.h"

namespace muster::net {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Loop, runs_what_another_thread_posts_in_order) {
    Loop loop;
    std::vector<int> order;
    std::thread poster([&] {
        for (int i = 0; i < 100; ++i) loop.post([&, i] { order.push_back(i); });
        loop.post([&] { loop.stop(); });
    });
    loop.run();
    poster.join();
    ASSERT_EQ(order.size(), 100u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Loop, fires_timers_in_time_order_and_not_early) {
    Loop loop;
    std::string order;
    const auto start = monotonic_now();
    const auto late = loop.after(milliseconds(30), [&] {
        order += "b";
        loop.stop();
    });
    const auto early = loop.after(milliseconds(5), [&] { order += "a"; });
    loop.run();
    EXPECT_EQ(order, "ab");
    EXPECT_GE(monotonic_now() - start, milliseconds(30));
    EXPECT_FALSE(late.pending());
}

TEST(Loop, a_timer_that_is_gone_does_not_fire_even_when_it_was_due) {
    Loop loop;
    bool fired = false;
    // Both are due when the loop starts; the first one meets the second already queued.
    Timer victim;
    const auto killer = loop.after(Duration::zero(), [&] { victim.cancel(); });
    victim = loop.after(Duration::zero(), [&] { fired = true; });
    const auto end = loop.after(milliseconds(20), [&] { loop.stop(); });
    loop.run();
    EXPECT_FALSE(fired);
}

TEST(Loop, a_timer_may_replace_itself_within_its_function) {
    Loop loop;
    int count = 0;
    Timer timer;
    std::function<void()> again = [&] {
        if (++count == 3) return loop.stop();
        timer = loop.after(milliseconds(1), again);
    };
    timer = loop.after(milliseconds(1), again);
    loop.run();
    EXPECT_EQ(count, 3);
}

TEST(Loop, hears_signals_more_than_once) {
    Loop loop;
    int heard = 0;
    loop.on_signals({SIGUSR1}, [&](int number) {
        EXPECT_EQ(number, SIGUSR1);
        if (++heard == 2) return loop.stop();
        ::raise(SIGUSR1);
    });
    loop.post([] { ::raise(SIGUSR1); });
    loop.run();
    EXPECT_EQ(heard, 2);
}

TEST(Loop, can_run_again_after_a_stop) {
    Loop loop;
    loop.stop();
    loop.run();
    bool ran = false;
    loop.post([&] {
        ran = true;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(ran);
}

TEST(Poll, tells_which_descriptor_is_ready_and_when_none_is) {
    const auto quiet = EventFd::create();
    const auto rung = EventFd::create();
    ASSERT_TRUE(quiet.ok() && rung.ok());
    const int fds[] = {quiet->fd(), rung->fd()};
    const auto start = monotonic_now();
    EXPECT_EQ(wait_readable(fds, milliseconds(3)).value(), 0u);
    EXPECT_GE(monotonic_now() - start, milliseconds(3));
    std::thread ringer([&] { rung->signal(); });
    EXPECT_EQ(wait_readable(fds, seconds(30)).value(), 2u);
    ringer.join();
    EXPECT_TRUE(rung->clear());
    EXPECT_FALSE(rung->clear());
    EXPECT_EQ(wait_readable(fds, Duration::zero()).value(), 0u);
}

TEST(Random, two_draws_differ) {
    const auto a = random_bytes(32);
    EXPECT_EQ(a.size(), 32u);
    EXPECT_NE(a, random_bytes(32));
    EXPECT_TRUE(random_bytes(0).empty());
}

}  // namespace
}  // namespace muster::net
