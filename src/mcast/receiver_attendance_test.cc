// SPDX-License-Identifier: GPL-3.0-or-later
//
// A receiver that is ordered out of the multicast group and back.
#include <gtest/gtest.h>

#include "mcast/receiver.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReceiverAttendanceTest : public testing::Test, public Receiver::Mediator {
protected:
    ReceiverAttendanceTest() { receiver_.on_joined(now_, MemberNumber(7)); }
    void store_symbol(GroupId, std::uint32_t, ByteSpan) override {}
    void store_row(GroupId, std::uint32_t, ByteSpan) override {}
    void decode(GroupId, std::vector<std::uint32_t>) override {}
    void check_block(GroupId, BlockIndex) override {}
    void check_manifest() override {}
    void release(GroupId) override {}

    void status(bool serves_away = false, std::vector<GroupAdvert> adverts = {}) {
        StatusPacket packet;
        packet.feedback_period_ms = 100;
        packet.members = 2;
        packet.serves_away = serves_away;
        packet.adverts = std::move(adverts);
        receiver_.on_packet(now_, number_++, packet);
    }
    std::optional<FeedbackPacket> feedback_after(Duration later) {
        now_ += later;
        return receiver_.poll_feedback(now_);
    }
    void order(OrderMode mode) { receiver_.on_order(now_, {mode, "a slow port"}); }
    void poll(Duration later) {
        now_ += later;
        while (auto message = receiver_.poll_control(now_)) {
            left_ = left_ || std::holds_alternative<MemberLeft>(*message);
        }
    }

    const Layout layout_ = Layout::create({1024 * 256, 40, 64, 16, 4}).value();
    TimePoint now_{seconds(1000)};
    Receiver receiver_{layout_, {}, content::BlockSet(layout_.block_count()), *this, Prng(1)};
    std::uint64_t number_ = 0;
    bool left_ = false;
};

TEST_F(ReceiverAttendanceTest, AwayItSaysSoAndAsksForNothing) {
    const GroupId group = layout_.group_of(BlockIndex(1), 4);
    receiver_.on_packet(now_, number_++, DataPacket{layout_.wire_symbol(BlockIndex(1), 0), {}, 4});
    status(false, {{group.start_block, 0, 0, group.blocks_log2}});
    order(OrderMode::away);
    EXPECT_FALSE(receiver_.listens());
    poll(milliseconds(500));
    EXPECT_FALSE(receiver_.poll_nak(now_));
    const auto feedback = feedback_after(milliseconds(500));
    ASSERT_TRUE(feedback);
    EXPECT_TRUE(feedback->away);
    EXPECT_GT(receiver_.next_deadline(now_), now_) << "it spins";
    order(OrderMode::multicast);
    EXPECT_TRUE(receiver_.listens());
    ASSERT_TRUE(receiver_.poll_nak(now_));
    EXPECT_FALSE(feedback_after(milliseconds(500))->away);
}

TEST_F(ReceiverAttendanceTest, WhatIsSentWhileItIsAwayIsNotLost) {
    status();
    order(OrderMode::away);
    poll(milliseconds(10));
    number_ += 5000;
    order(OrderMode::multicast);
    status();
    number_ += 3;
    status();
    const auto feedback = feedback_after(seconds(1));
    ASSERT_TRUE(feedback);
    EXPECT_EQ(feedback->lost, 3u);
    EXPECT_EQ(feedback->received, 3u);
}

TEST_F(ReceiverAttendanceTest, WithoutOrdersItLooksUntilAStatusBringsItBack) {
    status();
    order(OrderMode::away);
    bool looked = false;
    for (int i = 0; i < 60 && !looked; ++i) {
        poll(milliseconds(50));
        looked = receiver_.listens();
    }
    ASSERT_TRUE(looked);
    status(true);
    EXPECT_FALSE(receiver_.is_away());
    EXPECT_TRUE(receiver_.listens());
}

TEST_F(ReceiverAttendanceTest, LosingMostItLeavesAndSaysSo) {
    const Bytes symbol(layout_.symbol_bytes());
    for (int i = 0; i < 200 && !left_; ++i) {
        receiver_.on_packet(now_, number_++, DataPacket{0, symbol, 0});
        number_ += 9;
        poll(milliseconds(20));
    }
    EXPECT_TRUE(left_);
    EXPECT_FALSE(receiver_.listens());
}

TEST_F(ReceiverAttendanceTest, WhenOnlySmallDatagramsComeItStays) {
    for (int i = 0; i < 400; ++i) {
        status();
        number_ += 9;
        poll(milliseconds(20));
    }
    EXPECT_FALSE(left_);
    EXPECT_TRUE(receiver_.listens());
}

}  // namespace
}  // namespace muster::mcast
