// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/reception_meter.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

StatusPacket status(std::uint16_t period_ms, std::uint32_t members = 1) {
    StatusPacket packet;
    packet.feedback_period_ms = period_ms;
    packet.members = members;
    return packet;
}

struct Meter {
    ReceptionMeter meter;
    Prng prng{7};
    TimePoint now{seconds(50)};

    FeedbackPacket next() {
        now = *meter.next_feedback();
        return meter.poll_feedback(now, 3, prng).value();
    }
};

TEST(ReceptionMeter, TellsNetworkLossFromWhatTheSocketDropped) {
    Meter m;
    // Of numbers 10 to 59, 20 to 24 and 40 are missing; the socket dropped two of them.
    for (std::uint64_t n = 10; n < 60; ++n) {
        if ((n < 20 || n > 24) && n != 40) m.meter.on_packet(n, 1486);
    }
    m.meter.on_socket_drops(2);
    m.meter.on_memory_drop();
    m.meter.on_status(m.now, status(100), m.prng);
    const FeedbackPacket said = m.next();
    EXPECT_EQ(said.member, 3u);
    EXPECT_EQ(said.highest_seen, 59u);
    EXPECT_EQ(said.received, 44u);
    EXPECT_EQ(said.lost, 4u);
    EXPECT_EQ(said.loss_runs, 2u);
    EXPECT_EQ(said.received_wire_bytes, 44u * 1486);
    EXPECT_EQ(said.local_drops, 2u);
}

TEST(ReceptionMeter, EchoesTheLastStatusWithTheTimeItWasHeld) {
    Meter m;
    StatusPacket packet = status(100);
    packet.sent_at_us = 123'456;
    m.meter.on_status(m.now, packet, m.prng);
    const TimePoint heard = m.now;
    const FeedbackPacket said = m.next();
    EXPECT_EQ(said.echoed_us, 123'456u);
    EXPECT_EQ(said.held_us, (m.now - heard).count() / 1000);
}

TEST(ReceptionMeter, SpeaksAsOftenAsItIsAskedTo) {
    Meter m;
    EXPECT_FALSE(m.meter.next_feedback());
    m.meter.on_status(m.now, status(100), m.prng);
    (void)m.next();
    for (int i = 0; i < 1000; ++i) {
        const TimePoint before = m.now;
        m.meter.on_status(m.now, status(100), m.prng);
        (void)m.next();
        EXPECT_GE(m.now - before, milliseconds(75));
        EXPECT_LE(m.now - before, milliseconds(125));
    }
    m.meter.on_status(m.now, status(0), m.prng);
    EXPECT_FALSE(m.meter.next_feedback());
}

TEST(ReceptionMeter, AFleetOfAnySizeSpeaksFiveHundredTimesASecond) {
    Meter m;
    m.meter.on_status(m.now, status(100, 100'000), m.prng);
    const TimePoint first = m.now;
    for (int i = 0; i < 50; ++i) (void)m.next();
    EXPECT_NEAR(to_seconds(m.now - first) / 50, 200, 20);
}

TEST(ReceptionMeter, AFalseNumberOfMembersDoesNotSilenceIt) {
    Meter m;
    m.meter.on_status(m.now, status(100, ~0u), m.prng);
    m.meter.on_status(m.now, status(100), m.prng);
    EXPECT_LE(*m.meter.next_feedback(), m.now + milliseconds(125));
}

}  // namespace
}  // namespace muster::mcast
