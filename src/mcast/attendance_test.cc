// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/attendance.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};

// A receiver that hears so much of every second's 10,000 datagrams.
class Computer {
public:
    void live(Duration time, double loss) {
        const TimePoint end = now + time;
        for (; now < end; now += milliseconds(50)) {
            const bool hears = attendance.listens() && !attendance.is_away();
            if (hears) received += static_cast<std::uint64_t>(500 * (1 - loss));
            if (hears) lost += static_cast<std::uint64_t>(500 * loss);
            attendance.on_counts(now, received, lost);
            attendance.on_deadline(now);
            looked = looked || (attendance.is_away() && attendance.listens());
        }
    }
    Attendance attendance;
    TimePoint now = kStart;
    std::uint64_t received = 0;
    std::uint64_t lost = 0;
    bool looked = false;
};

TEST(Attendance, ListensUntilItIsOrderedAway) {
    Computer pc;
    pc.live(seconds(5), 0.3);
    EXPECT_TRUE(pc.attendance.listens());
    pc.attendance.on_order(pc.now, OrderMode::away);
    EXPECT_FALSE(pc.attendance.listens());
    pc.attendance.on_order(pc.now, OrderMode::multicast);
    EXPECT_TRUE(pc.attendance.listens());
}

TEST(Attendance, LeavesByItselfWhenItLosesMostForTwoSeconds) {
    Computer pc;
    pc.live(milliseconds(1900), 0.9);
    EXPECT_TRUE(pc.attendance.listens());
    EXPECT_FALSE(pc.attendance.take_left());
    pc.live(milliseconds(700), 0.9);
    EXPECT_FALSE(pc.attendance.listens());
    const auto left = pc.attendance.take_left();
    ASSERT_TRUE(left);
    EXPECT_NE(left->reason.find("lost 90 %"), std::string::npos) << left->reason;
    EXPECT_FALSE(pc.attendance.take_left());
}

TEST(Attendance, StaysWhenItWasToldTo) {
    Computer pc;
    pc.live(seconds(1), 0.9);
    pc.attendance.on_order(pc.now, OrderMode::multicast);
    pc.live(seconds(20), 0.9);
    EXPECT_TRUE(pc.attendance.listens());
}

TEST(Attendance, AMomentOfLossIsNoReasonToLeave) {
    Computer pc;
    for (int i = 0; i < 10; ++i) {
        pc.live(milliseconds(1500), 0.9);
        pc.live(milliseconds(500), 0.1);
    }
    EXPECT_TRUE(pc.attendance.listens());
}

TEST(Attendance, WhileOrdersAreHeardItDoesNotLook) {
    Computer pc;
    for (int i = 0; i < 20; ++i) {
        pc.attendance.on_order(pc.now, OrderMode::away);
        pc.live(seconds(1), 0);
    }
    EXPECT_FALSE(pc.looked);
}

TEST(Attendance, WithoutOrdersItLooksAndIsBroughtBackByStatus) {
    Computer pc;
    pc.attendance.on_order(pc.now, OrderMode::away);
    pc.live(milliseconds(1900), 0);
    EXPECT_FALSE(pc.looked);
    pc.live(milliseconds(200), 0);
    EXPECT_TRUE(pc.looked);
    pc.attendance.on_status(pc.now, false);
    EXPECT_FALSE(pc.attendance.listens());
    pc.looked = false;
    pc.live(milliseconds(700), 0);
    EXPECT_TRUE(pc.looked);
    pc.attendance.on_status(pc.now, true);
    EXPECT_FALSE(pc.attendance.is_away());
    // An older order that only now gets through changes nothing while it is served.
    pc.attendance.on_order(pc.now, OrderMode::away);
    EXPECT_TRUE(pc.attendance.listens());
    pc.attendance.on_status(pc.now, false);
    EXPECT_FALSE(pc.attendance.listens());
}

TEST(Attendance, WhoTakesBlocksByHttpsDoesNotLook) {
    Computer pc;
    pc.attendance.on_order(pc.now, OrderMode::unicast);
    pc.live(seconds(20), 0);
    EXPECT_FALSE(pc.looked);
    EXPECT_FALSE(pc.attendance.next_deadline());
}

}  // namespace
}  // namespace muster::mcast
