// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/slow_computers.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = SlowAction::Kind;

constexpr double kStream = 190e6;

// A room in which the sender obeys what SlowComputers decides, as far as states go.
class Room {
public:
    explicit Room(SlowPolicy policy = SlowPolicy::defer) : slow(policy) {}

    MemberNumber join(const std::string& name, double port = 0, double loss = 0) {
        const MemberNumber number = members.add(now, name, 100, 0);
        slow.on_joined(number, name);
        ways[number] = {port, loss};
        return number;
    }
    // Everybody reports every 100 ms and the sender decides.
    void live(Duration time) {
        const TimePoint end = now + time;
        for (; now < end; now += milliseconds(100)) {
            for (auto& [number, way] : ways) hear(number, way);
            for (const auto& action :
                 slow.decide(now, members, static_cast<std::uint64_t>(kStream)))
                obey(action);
        }
    }
    void finish(MemberNumber number) {
        members.find(number)->blocks_missing = 0;
        members.set_state(number, MemberState::verified, "", now);
        ways.erase(number);
    }
    MemberState state(MemberNumber number) { return members.find(number)->state; }
    std::uint32_t count(Kind kind) const {
        return static_cast<std::uint32_t>(std::count_if(
            actions.begin(), actions.end(), [&](const auto& a) { return a.kind == kind; }));
    }

    struct Way {
        double port = 0;
        double loss = 0;
        FeedbackPacket said{};
    };
    Membership members;
    SlowComputers slow;
    std::vector<SlowAction> actions;
    std::map<MemberNumber, Way> ways;
    TimePoint now{seconds(100)};
    bool answers = true;

private:
    void hear(MemberNumber number, Way& way) {
        Member& member = *members.find(number);
        FeedbackPacket& said = way.said;
        said.member = number.value;
        said.echoed_us = static_cast<std::uint64_t>(now.time_since_epoch().count() / 1000);
        said.away = member.state == MemberState::away;
        const std::uint64_t ceiling = slow.ceiling(now);
        const double rate = ceiling > 0 ? static_cast<double>(ceiling) : kStream;
        const double sent = rate * 0.1 / 8 / 1486;
        double through = sent * (1 - way.loss);
        if (way.port > 0) through = std::min(through, way.port * 0.1 / 8 / 1486);
        if (!said.away) {
            said.received += static_cast<std::uint64_t>(through);
            said.lost += static_cast<std::uint64_t>(sent - through);
            said.received_wire_bytes += static_cast<std::uint64_t>(through) * 1486;
            said.queue_delay_us = way.port > 0 && rate > way.port ? 100'000 : 0;
        }
        member.last_heard = now;
        slow.on_feedback(number, member, member.reception.on_feedback(now, said));
    }
    void obey(const SlowAction& action) {
        actions.push_back(action);
        const auto become = [&](MemberState state) {
            members.set_state(action.member, state, action.why, now);
        };
        switch (action.kind) {
            case Kind::postpone:
            case Kind::call_back: become(MemberState::deferred); break;
            case Kind::send_away: become(MemberState::away); break;
            case Kind::evict: become(MemberState::unicast); break;
            case Kind::note:
            case Kind::stay:
            case Kind::remind: break;
        }
    }
};

TEST(SlowComputers, LeavesAloneWhoFollows) {
    Room room;
    for (const char* name : {"a", "b", "c"}) room.join(name, 0, 0.2);
    room.live(seconds(10));
    EXPECT_TRUE(room.actions.empty());
    EXPECT_EQ(room.slow.turn(), 0);
    EXPECT_EQ(room.slow.ceiling(room.now), 0u);
}

TEST(SlowComputers, ASlowPortIsAwayWithinASecondAndServedAtItsRateWhenTheOthersAreDone) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    const auto fast = room.join("fast");
    room.live(seconds(1));
    EXPECT_EQ(room.state(slow), MemberState::away);
    ASSERT_FALSE(room.actions.empty());
    EXPECT_NE(room.actions[0].why.find("port carries 20 Mbit/s of 190 Mbit/s"), std::string::npos)
        << room.actions[0].why;
    EXPECT_EQ(room.slow.ceiling(room.now), 0u);
    room.live(seconds(5));
    EXPECT_GE(room.count(Kind::remind), 4u);
    room.finish(fast);
    room.live(milliseconds(100));
    EXPECT_EQ(room.state(slow), MemberState::deferred);
    EXPECT_TRUE(room.slow.serves_away());
    room.live(seconds(3));
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 20e6, 1.2e6);
}

TEST(SlowComputers, TwoSlowPortsAreServedTogetherAtTheSlowerRate) {
    Room room;
    room.join("slow", 20e6);
    room.join("slower", 15e6);
    const auto fast = room.join("fast");
    room.live(seconds(2));
    room.finish(fast);
    room.live(seconds(2));
    EXPECT_EQ(room.count(Kind::call_back), 2u);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 15e6, 1e6);
}

TEST(SlowComputers, AFarSlowerPortHasATurnOfItsOwn) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    const auto crawls = room.join("crawls", 2e6);
    const auto fast = room.join("fast");
    room.live(seconds(2));
    room.finish(fast);
    room.live(seconds(2));
    EXPECT_EQ(room.state(slow), MemberState::deferred);
    EXPECT_EQ(room.state(crawls), MemberState::away);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 20e6, 1.2e6);
    room.finish(slow);
    room.live(seconds(2));
    EXPECT_EQ(room.state(crawls), MemberState::deferred);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 2e6, 0.2e6);
}

TEST(SlowComputers, WhatALiarSaysOfTheRateDoesNotStopTheStream) {
    Room room;
    for (const char* name : {"a", "b"}) room.join(name);
    const auto liar = room.members.add(room.now, "liar", 100, 0);
    FeedbackPacket said;
    said.member = liar.value;
    bool suspected = false;
    for (int i = 0; i < 40; ++i) {
        room.live(milliseconds(100));
        said.echoed_us = static_cast<std::uint64_t>(room.now.time_since_epoch().count() / 1000);
        said.received += 60;
        said.lost += 40;
        said.received_wire_bytes += 1;
        Member& member = *room.members.find(liar);
        member.last_heard = room.now;
        room.slow.on_feedback(liar, member, member.reception.on_feedback(room.now, said));
        const auto ceiling = static_cast<double>(room.slow.ceiling(room.now));
        suspected = suspected || ceiling > 0;
        EXPECT_TRUE(ceiling == 0 || ceiling >= 0.5 * kStream) << ceiling;
    }
    EXPECT_TRUE(suspected);
}

TEST(SlowComputers, AloneItNeedNotLeave) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    room.live(seconds(2));
    EXPECT_EQ(room.count(Kind::send_away), 0u);
    EXPECT_EQ(room.state(slow), MemberState::deferred);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 20e6, 1.2e6);
}

TEST(SlowComputers, WhoJoinsLaterIsServedFirstAndTheSlowWait) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    auto fast = room.join("fast");
    room.live(seconds(1));
    room.finish(fast);
    room.live(seconds(1));
    EXPECT_EQ(room.state(slow), MemberState::deferred);
    fast = room.join("late");
    room.live(milliseconds(300));
    EXPECT_EQ(room.state(slow), MemberState::away);
    EXPECT_EQ(room.slow.turn(), 0);
    EXPECT_EQ(room.slow.ceiling(room.now), 0u);
}

TEST(SlowComputers, AComputerThatComesBackIsStillSlow) {
    Room room;
    auto slow = room.join("slow", 20e6);
    room.join("fast");
    room.live(seconds(1));
    room.members.set_state(slow, MemberState::lost, "came back as a new member", room.now);
    room.ways.erase(slow);
    slow = room.join("slow", 20e6);
    room.live(milliseconds(100));
    EXPECT_EQ(room.state(slow), MemberState::away);
}

TEST(SlowComputers, WhoLosesHalfOfWhateverIsSentStaysAndIsRepairedAfterwards) {
    Room room;
    const auto lossy = room.join("lossy", 0, 0.5);
    const auto fast = room.join("fast");
    room.live(seconds(3));
    EXPECT_EQ(room.state(lossy), MemberState::deferred);
    EXPECT_EQ(room.count(Kind::send_away), 0u);
    room.finish(fast);
    room.live(seconds(1));
    EXPECT_EQ(room.slow.turn(), 1);
    EXPECT_EQ(room.slow.ceiling(room.now), 0u);
}

TEST(SlowComputers, WaitingFollowsTheSlowestPort) {
    Room room(SlowPolicy::wait);
    const auto slow = room.join("slow", 20e6);
    room.join("fast");
    room.live(seconds(3));
    EXPECT_EQ(room.state(slow), MemberState::active);
    EXPECT_EQ(room.count(Kind::note), 1u);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 20e6, 1.2e6);
}

TEST(SlowComputers, EvictingSendsPortsAndLossyOnesToUnicast) {
    Room room(SlowPolicy::evict);
    const auto slow = room.join("slow", 20e6);
    const auto lossy = room.join("lossy", 0, 0.6);
    const auto fast = room.join("fast");
    room.live(seconds(3));
    EXPECT_EQ(room.state(slow), MemberState::unicast);
    EXPECT_EQ(room.state(lossy), MemberState::unicast);
    EXPECT_EQ(room.state(fast), MemberState::active);
    EXPECT_EQ(room.count(Kind::evict), 2u);
}

TEST(SlowComputers, ASlowSinkSlowsTheStreamOnlyWhenNobodyElseWantsData) {
    Room room;
    const auto disk = room.join("disk");
    const auto fast = room.join("fast");
    room.ways[disk].said.takes_share = true;
    room.ways[disk].said.sink_kbps = 60'000;
    room.live(seconds(2));
    EXPECT_EQ(room.slow.ceiling(room.now), 0u);
    room.finish(fast);
    room.live(milliseconds(100));
    EXPECT_EQ(room.state(disk), MemberState::active);
    EXPECT_NEAR(static_cast<double>(room.slow.ceiling(room.now)), 61.4e6, 1e6);
}

TEST(SlowComputers, WhoLeftByItselfIsSlow) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    room.join("fast");
    room.live(milliseconds(100));
    room.slow.on_left(slow);
    room.live(milliseconds(100));
    EXPECT_EQ(room.state(slow), MemberState::away);
}

TEST(SlowComputers, LargeRequestsWaitAndWhoMakesNoOthersIsServedLast) {
    Room room;
    const auto liar = room.join("liar");
    const auto fast = room.join("fast");
    room.live(milliseconds(300));
    const auto asks = [&](MemberNumber who, std::uint32_t group, std::uint16_t deficit) {
        return room.slow.holds_request(room.now, who, *room.members.find(who), 0,
                                       {64 * group, 0, deficit, 6}, 4096, room.members);
    };
    EXPECT_FALSE(asks(fast, 1, 400));
    for (std::uint32_t group = 0; group < 30; ++group) EXPECT_TRUE(asks(liar, group, 4096));
    room.live(milliseconds(100));
    EXPECT_EQ(room.state(liar), MemberState::deferred);
    room.finish(fast);
    room.live(milliseconds(100));
    EXPECT_EQ(room.slow.turn(), SlowComputers::kTurnOfGreedy);
    EXPECT_FALSE(asks(liar, 1, 4096));
}

TEST(SlowComputers, OneLargeRequestAmongModestOnesIsForgotten) {
    Room room;
    const auto pc = room.join("cable was out");
    room.join("fast");
    room.live(milliseconds(300));
    for (std::uint32_t group = 0; group < 200; ++group) {
        const NakEntry entry{64 * group, 0, static_cast<std::uint16_t>(group % 10 ? 20 : 4000), 6};
        (void)room.slow.holds_request(room.now, pc, *room.members.find(pc), 0, entry, 4096,
                                      room.members);
    }
    room.live(milliseconds(200));
    EXPECT_EQ(room.state(pc), MemberState::active);
}

TEST(SlowComputers, WhoDoesNotAnswerDoesNotHoldUpTheSecondPass) {
    Room room;
    const auto slow = room.join("slow", 20e6);
    const auto dead = room.join("dead");
    room.live(seconds(1));
    EXPECT_EQ(room.state(slow), MemberState::away);
    room.ways.erase(dead);
    room.live(seconds(3));
    EXPECT_EQ(room.state(slow), MemberState::deferred);
}

TEST(SlowComputers, PoliciesHaveNames) {
    for (const auto policy : {SlowPolicy::defer, SlowPolicy::wait, SlowPolicy::evict}) {
        EXPECT_EQ(slow_policy_from(to_string(policy)), policy);
    }
    EXPECT_FALSE(slow_policy_from("ignore"));
}

}  // namespace
}  // namespace muster::mcast
