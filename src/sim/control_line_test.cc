// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/control_line.h"

#include <gtest/gtest.h>

namespace muster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(10)};

LinkOptions slow_port() {
    LinkOptions options;
    options.rate_bits_per_second = 20'000'000;
    return options;
}

TEST(ControlLine, AFreePortDeliversAtOnceAndInOrder) {
    EventQueue queue(kStart);
    Link port(slow_port(), Prng(1));
    ControlLine line(queue, port);
    std::vector<int> arrived;
    for (int i = 0; i < 5; ++i) line.send([&, i] { arrived.push_back(i); });
    while (queue.run_one(kStart + seconds(1))) {
    }
    EXPECT_EQ(arrived, (std::vector{0, 1, 2, 3, 4}));
    EXPECT_LT(queue.now(), kStart + milliseconds(2));
}

TEST(ControlLine, AFullPortDeliversWhenTheFloodIsOver) {
    EventQueue queue(kStart);
    Link port(slow_port(), Prng(1));
    ControlLine line(queue, port);
    const TimePoint flood_ends = kStart + seconds(3);
    std::function<void()> flood = [&] {
        for (int i = 0; i < 200; ++i) (void)port.send(queue.now(), 200);
        if (queue.now() < flood_ends) queue.after(milliseconds(1), flood);
    };
    flood();
    int arrived = 0;
    queue.after(std::chrono::microseconds(500'010), [&] {
        for (int i = 0; i < 3; ++i) line.send([&] { ++arrived; });
    });
    while (queue.run_one(kStart + seconds(2))) {
    }
    EXPECT_EQ(arrived, 0);
    while (queue.run_one(kStart + seconds(20))) {
    }
    EXPECT_EQ(arrived, 3);
}

}  // namespace
}  // namespace muster::sim
