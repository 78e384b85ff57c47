// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/arrival_watch.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ArrivalWatchTest : public ::testing::Test {
protected:
    ArrivalWatchTest() { restart(true); }
    void restart(bool unicast_offered) {
        ArrivalOptions options;
        options.interface = "eth0";
        options.unicast_offered = unicast_offered;
        watch_.emplace(options);
    }
    // Ticks every 100 ms; what arrives in each comes from `feed`.
    template <typename Feed>
    void pass(Duration span, Feed feed) {
        for (const TimePoint end = now_ + span; now_ < end;) {
            now_ += milliseconds(100);
            feed();
            rejoins_ += watch_->on_tick(now_, seen_);
        }
    }
    void stream(Duration span) {
        pass(span, [&] {
            seen_.accepted += 50;
            seen_.content += 45;
            seen_.host_packets += 50;
        });
    }
    void silence(Duration span) {
        pass(span, [] {});
    }
    void start() { watch_->on_started(now_); }

    TimePoint now_ = TimePoint{} + std::chrono::hours(1);
    Arrivals seen_;
    int rejoins_ = 0;
    std::optional<ArrivalWatch> watch_;
};

TEST_F(ArrivalWatchTest, BeforeTheStartSilenceMeansNothing) {
    silence(seconds(55));
    EXPECT_FALSE(watch_->is_silent());
    EXPECT_EQ(watch_->delivery(), Delivery::multicast);
    EXPECT_EQ(rejoins_, 0);
}

TEST_F(ArrivalWatchTest, AStreamIsLeftAloneButForARejoinEveryMinute) {
    start();
    stream(seconds(200));
    EXPECT_FALSE(watch_->is_silent());
    EXPECT_EQ(rejoins_, 3);
}

TEST_F(ArrivalWatchTest, JoinsAgainBeforeItTakesBlocksByUnicast) {
    start();
    silence(milliseconds(2200));
    EXPECT_EQ(watch_->fault(), ArrivalFault::never_came);
    EXPECT_EQ(watch_->delivery(), Delivery::multicast);
    EXPECT_EQ(rejoins_, 1);
    silence(seconds(3));
    EXPECT_EQ(watch_->delivery(), Delivery::unicast);
    EXPECT_EQ(rejoins_, 2);
    EXPECT_NE(watch_->why().find("IGMP"), std::string::npos);
}

TEST_F(ArrivalWatchTest, ARejoinThatHelpsEndsTheSilenceAtOnce) {
    start();
    stream(seconds(10));
    silence(seconds(3));
    EXPECT_EQ(watch_->fault(), ArrivalFault::stopped);
    EXPECT_NE(watch_->why().find("came for 10 s"), std::string::npos) << watch_->why();
    stream(milliseconds(100));
    EXPECT_FALSE(watch_->is_silent());
    EXPECT_EQ(watch_->why(), "");
}

TEST_F(ArrivalWatchTest, ReturnsToMulticastWhenItHasComeForASecond) {
    start();
    silence(seconds(20));
    ASSERT_EQ(watch_->delivery(), Delivery::unicast);
    stream(milliseconds(900));
    EXPECT_EQ(watch_->delivery(), Delivery::unicast);
    stream(milliseconds(300));
    EXPECT_EQ(watch_->delivery(), Delivery::multicast);
    EXPECT_FALSE(watch_->is_silent());
}

TEST_F(ArrivalWatchTest, KeepsListeningAndJoiningWhileItTakesBlocksByUnicast) {
    start();
    silence(seconds(65));
    EXPECT_GE(rejoins_, 7);
    EXPECT_LE(rejoins_, 9);
}

TEST_F(ArrivalWatchTest, WithoutAnOfferItWaits) {
    restart(false);
    start();
    silence(seconds(6));
    EXPECT_EQ(watch_->delivery(), Delivery::waiting);
}

TEST_F(ArrivalWatchTest, ForeignDatagramsAreNamed) {
    start();
    pass(seconds(6), [&] {
        seen_.rejected += 5;
        seen_.host_packets += 5;
    });
    EXPECT_EQ(watch_->fault(), ArrivalFault::foreign);
}

TEST_F(ArrivalWatchTest, AFirewallOfThisComputerIsNamed) {
    start();
    stream(seconds(5));
    pass(seconds(6), [&] { seen_.host_packets += 5; });
    EXPECT_EQ(watch_->fault(), ArrivalFault::firewall);
}

TEST_F(ArrivalWatchTest, AFewPacketsOfOthersAreNoFirewall) {
    start();
    int tick = 0;
    pass(seconds(6), [&] { seen_.host_packets += ++tick % 5 == 0; });
    EXPECT_EQ(watch_->fault(), ArrivalFault::never_came);
}

TEST_F(ArrivalWatchTest, SmallDatagramsOnlyAreNamed) {
    start();
    pass(seconds(6), [&] {
        seen_.accepted += 5;
        seen_.lost += 100;
    });
    EXPECT_EQ(watch_->fault(), ArrivalFault::small_only);
    EXPECT_EQ(watch_->delivery(), Delivery::unicast);
    stream(seconds(2));
    EXPECT_EQ(watch_->delivery(), Delivery::multicast);
}

TEST_F(ArrivalWatchTest, ADrainedStreamIsNoFault) {
    start();
    stream(seconds(2));
    pass(seconds(60), [&] { seen_.accepted += 5; });
    EXPECT_FALSE(watch_->is_silent());
}

TEST_F(ArrivalWatchTest, JoinsAgainAtOnceWhenTheLinkIsBack) {
    start();
    stream(seconds(3));
    seen_.link = false;
    silence(seconds(9));
    EXPECT_EQ(watch_->fault(), ArrivalFault::no_link);
    EXPECT_NE(watch_->why().find("eth0 has no link"), std::string::npos);
    const int before = rejoins_;
    seen_.link = true;
    silence(milliseconds(100));
    EXPECT_EQ(rejoins_, before + 1);
    EXPECT_EQ(watch_->fault(), ArrivalFault::stopped);
}

TEST_F(ArrivalWatchTest, WhoLeftTheGroupOnPurposeBeginsAnew) {
    start();
    stream(seconds(3));
    now_ += std::chrono::minutes(10);
    seen_.lost += 100'000;
    seen_.host_packets += 100'000;
    watch_->restart(now_, seen_);
    EXPECT_FALSE(watch_->is_silent());
    silence(seconds(3));
    EXPECT_EQ(watch_->fault(), ArrivalFault::stopped);
}

TEST_F(ArrivalWatchTest, WhatWasCountedBeforeTheStartIsNoArrival) {
    seen_.rejected = 1000;
    seen_.host_packets = 1000;
    silence(seconds(1));
    start();
    silence(seconds(3));
    EXPECT_EQ(watch_->fault(), ArrivalFault::never_came);
}

}  // namespace
}  // namespace muster::mcast
