// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/port_probe.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using Verdict = PortProbe::Verdict;

constexpr double kDatagramBits = 1486 * 8;

// A member behind a cable: what it reports every 100 ms when so much is sent.
class Member {
public:
    Member(double loss, double port_bits_per_second, Duration queue)
        : loss_(loss), port_(port_bits_per_second), queue_(queue) {}

    void hear(double sent_bits_per_second) {
        const double sent = sent_bits_per_second * 0.1 / kDatagramBits;
        double through = sent * (1 - loss_);
        if (port_ > 0) through = std::min(through, port_ * 0.1 / kDatagramBits);
        const bool full = port_ > 0 && sent_bits_per_second > port_;
        // Loss is no clockwork.
        through *= 0.95 + 0.1 * prng_.uniform();
        ReceptionInterval told;
        told.length = milliseconds(100);
        told.received = static_cast<std::uint64_t>(through);
        told.lost = static_cast<std::uint64_t>(sent - through);
        told.wire_bytes = told.received * 1486;
        probe.on_interval(told, full ? queue_ : Duration::zero());
    }
    void hear_times(int times, double sent) {
        for (int i = 0; i < times; ++i) hear(sent);
    }

    PortProbe probe;

private:
    double loss_;
    double port_;
    Duration queue_;
    Prng prng_{7};
};

TEST(PortProbe, ALinkWorthRepairingIsSound) {
    Member member(0.25, 0, {});
    member.hear_times(20, 190e6);
    EXPECT_EQ(member.probe.verdict(), Verdict::sound);
    EXPECT_NEAR(member.probe.loss(), 0.25, 0.05);
}

TEST(PortProbe, AFullQueueShowsASlowPortWithinHalfASecond) {
    Member member(0, 20e6, milliseconds(100));
    member.hear_times(5, 190e6);
    EXPECT_EQ(member.probe.verdict(), Verdict::slow_port);
    EXPECT_NEAR(member.probe.delivered_bits_per_second(), 20e6, 1.5e6);
    EXPECT_NEAR(member.probe.sent_bits_per_second(), 190e6, 5e6);
}

TEST(PortProbe, ADipTellsAShallowPortFromALossyCable) {
    for (const double port : {0.0, 20e6, 100e6}) {
        SCOPED_TRACE(port);
        Member member(port > 0 ? 0 : 0.5, port, {});
        member.hear_times(10, 190e6);
        EXPECT_EQ(member.probe.verdict(), Verdict::suspect);
        member.hear_times(3, 140e6);
        EXPECT_EQ(member.probe.verdict(), port > 0 ? Verdict::slow_port : Verdict::lossy);
        EXPECT_FALSE(member.probe.needs_dip());
    }
}

TEST(PortProbe, ARateThatRisesByItselfTellsAsWell) {
    for (const double port : {0.0, 100e6}) {
        SCOPED_TRACE(port);
        Member member(port > 0 ? 0 : 0.5, port, {});
        for (double rate = 50e6; rate < 400e6; rate *= 1.25) member.hear(rate);
        EXPECT_EQ(member.probe.verdict(), port > 0 ? Verdict::slow_port : Verdict::lossy);
    }
}

TEST(PortProbe, ACableThatWasOutForAMomentIsSound) {
    PortProbe probe;
    for (int i = 0; i < 30; ++i) {
        ReceptionInterval told;
        told.length = milliseconds(i == 15 ? 1000 : 100);
        told.received = 1500;
        told.lost = i == 15 ? 9 * 1500 : 0;
        told.wire_bytes = told.received * 1486;
        probe.on_interval(told, {});
        EXPECT_EQ(probe.verdict(), Verdict::sound) << i;
    }
}

TEST(PortProbe, WhoRecoversIsSoundAgain) {
    Member member(0, 20e6, milliseconds(100));
    member.hear_times(5, 190e6);
    member.hear_times(5, 18e6);
    EXPECT_EQ(member.probe.verdict(), Verdict::sound);
}

TEST(PortProbe, ShortIntervalsAreTakenTogether) {
    PortProbe probe;
    for (int i = 0; i < 60; ++i) {
        ReceptionInterval told;
        told.length = milliseconds(10);
        told.received = 17;
        told.lost = 143;
        told.wire_bytes = 17 * 1486;
        probe.on_interval(told, milliseconds(50));
    }
    EXPECT_EQ(probe.verdict(), Verdict::slow_port);
    EXPECT_NEAR(probe.delivered_bits_per_second(), 20.2e6, 0.1e6);
}

}  // namespace
}  // namespace muster::mcast
