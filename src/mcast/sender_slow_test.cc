// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the sender does about members that cannot follow the stream.
#include <gtest/gtest.h>

#include "mcast/sender.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kRate = 8'000'000;
constexpr double kPort = 720'000;  // six datagrams in 100 ms

class SenderSlowTest : public testing::Test, public Sender::Mediator {
protected:
    void prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) override {
        sender_->on_rows_ready(group, first_row + count);
    }
    void prepare_sources(GroupId) override {}

    void make(SlowPolicy policy) {
        SenderOptions options;
        options.rate_bits_per_second = kRate;
        options.start = {2, seconds(20), false};
        options.closed = true;
        options.policy = policy;
        sender_ = std::make_unique<Sender>(now_, layout_, options, *this);
        fast_ = join("fast");
        slow_ = join("slow");
    }
    MemberNumber join(const std::string& name) {
        JoinRequest request;
        request.name = name;
        request.wants_all = true;
        return sender_->on_join(now_, request).value();
    }
    // Sends for so long; both say every 100 ms how they fare, and the slow one what it got.
    void run(Duration duration) {
        const TimePoint end = now_ + duration;
        while (now_ < end) {
            while (auto outgoing = sender_->poll_packet(now_)) {
                sent_ = outgoing->packet_number + 1;
                const bool status = std::holds_alternative<StatusPacket>(outgoing->packet);
                if (status) last_status_ = std::get<StatusPacket>(outgoing->packet);
                if (!status) ++content_;
            }
            if (now_ >= next_feedback_) feed_back();
            now_ = std::min({end, next_feedback_,
                             std::max(sender_->next_deadline(now_), now_ + milliseconds(1))});
        }
    }
    void feed_back() {
        next_feedback_ = now_ + milliseconds(100);
        tell(fast_, sent_, 0);
        const std::uint64_t since = sent_ - std::exchange(slow_saw_, sent_);
        const bool away = listens_ ? false : true;
        const std::uint64_t carried = static_cast<std::uint64_t>(kPort * 0.1 / 8 / 1486);
        const std::uint64_t came = away ? 0 : std::min(since, carried);
        slow_received_ += came;
        if (!away) slow_lost_ += since - came;
        if (!slow_is_dead_) tell(slow_, slow_received_, slow_lost_, came < since ? 50'000 : 0);
    }
    void tell(MemberNumber number, std::uint64_t received, std::uint64_t lost,
              std::uint32_t delay_us = 0) {
        FeedbackPacket feedback;
        feedback.member = number.value;
        feedback.echoed_us = static_cast<std::uint64_t>(now_.time_since_epoch().count() / 1000);
        feedback.highest_seen = sent_;
        feedback.received = received;
        feedback.lost = lost;
        feedback.received_wire_bytes = received * 1486;
        feedback.queue_delay_us = delay_us;
        feedback.away = number == slow_ && !listens_;
        sender_->on_feedback(now_, feedback);
    }
    std::vector<OrderMode> orders() {
        std::vector<OrderMode> list;
        for (const auto& event : sender_->take_events()) {
            const auto* ordered = std::get_if<MemberOrdered>(&event);
            if (ordered == nullptr) continue;
            EXPECT_EQ(ordered->number, slow_);
            list.push_back(ordered->order.mode);
        }
        return list;
    }
    const Member& slow() { return *sender_->membership().find(slow_); }

    const Layout layout_ = Layout::create({std::uint64_t{1408} * 16000, 400, 90112, 1408}).value();
    TimePoint now_{seconds(1000)};
    std::unique_ptr<Sender> sender_;
    MemberNumber fast_;
    MemberNumber slow_;
    TimePoint next_feedback_ = now_;
    std::uint64_t sent_ = 0;
    std::uint64_t slow_saw_ = 0;
    std::uint64_t slow_received_ = 0;
    std::uint64_t slow_lost_ = 0;
    bool listens_ = true;
    bool slow_is_dead_ = false;
    std::uint64_t content_ = 0;
    StatusPacket last_status_;
};

TEST_F(SenderSlowTest, ASlowPortIsOrderedAwayAndItsWantsAreSetAside) {
    make(SlowPolicy::defer);
    run(seconds(2));
    EXPECT_EQ(slow().state, MemberState::away);
    const auto first = orders();
    ASSERT_FALSE(first.empty());
    EXPECT_EQ(first[0], OrderMode::away);
    EXPECT_FALSE(sender_->wants().has_member(slow_));
    EXPECT_EQ(sender_->rate_bits_per_second(), kRate);
    EXPECT_FALSE(last_status_.serves_away);
}

TEST_F(SenderSlowTest, WhatItReportsWhileItIsAwayIsNotSentInTheSecondPass) {
    make(SlowPolicy::defer);
    run(seconds(2));
    listens_ = false;
    MemberReport report;
    report.verified = IntervalSet::range(0, 100);
    sender_->on_report(now_, slow_, report);
    EXPECT_EQ(slow().blocks_missing, layout_.block_count() - 100);
    sender_->on_finished(now_, fast_, {true, "", {}});
    run(milliseconds(50));
    listens_ = true;
    run(milliseconds(200));
    EXPECT_EQ(slow().state, MemberState::deferred);
    EXPECT_EQ(sender_->wants().missing(slow_), layout_.block_count() - 100);
}

TEST_F(SenderSlowTest, TheSecondPassBeginsWhenItIsBackAndRunsAtItsRate) {
    make(SlowPolicy::defer);
    run(seconds(2));
    listens_ = false;
    run(seconds(1));
    orders();
    sender_->on_finished(now_, fast_, {true, "", {}});
    const std::uint64_t before = content_;
    run(milliseconds(300));
    EXPECT_EQ(orders(), std::vector{OrderMode::multicast});
    EXPECT_TRUE(last_status_.serves_away);
    EXPECT_EQ(content_, before) << "it is not there yet";
    listens_ = true;
    run(seconds(1));
    EXPECT_GT(content_, before);
    EXPECT_LE(sender_->rate_bits_per_second(), static_cast<std::uint64_t>(1.05 * kPort));
    EXPECT_GE(sender_->rate_bits_per_second(), static_cast<std::uint64_t>(0.8 * kPort));
}

TEST_F(SenderSlowTest, WhoIsAwayIsNotLostForItsSilenceButWhoIsCalledBackIs) {
    make(SlowPolicy::defer);
    run(seconds(2));
    const TimePoint end = now_ + seconds(30);
    for (; now_ < end; now_ += milliseconds(100)) {
        while (sender_->poll_packet(now_)) {
        }
        tell(fast_, sent_ += 100, 0);
    }
    EXPECT_EQ(slow().state, MemberState::away);
    sender_->on_finished(now_, fast_, {true, "", {}});
    EXPECT_EQ(slow().state, MemberState::deferred);
    now_ += seconds(11);
    sender_->on_deadline(now_);
    EXPECT_EQ(slow().state, MemberState::lost);
}

TEST_F(SenderSlowTest, WhoDiesWhileItIsAwayDoesNotKeepTheSessionAlive) {
    make(SlowPolicy::defer);
    run(seconds(2));
    ASSERT_EQ(slow().state, MemberState::away);
    slow_is_dead_ = true;
    run(seconds(5));
    sender_->on_finished(now_, fast_, {true, "", {}});
    run(seconds(20));
    EXPECT_EQ(slow().state, MemberState::lost);
    run(seconds(40));  // it might have come back
    EXPECT_TRUE(sender_->state() == SenderState::ended);
}

TEST_F(SenderSlowTest, WaitingSlowsTheStreamToTheSlowestAndOrdersNothing) {
    make(SlowPolicy::wait);
    run(seconds(3));
    EXPECT_EQ(slow().state, MemberState::active);
    EXPECT_TRUE(orders().empty());
    EXPECT_LE(sender_->rate_bits_per_second(), static_cast<std::uint64_t>(1.05 * kPort));
}

TEST_F(SenderSlowTest, EvictingOrdersItToUnicast) {
    make(SlowPolicy::evict);
    run(seconds(2));
    EXPECT_EQ(slow().state, MemberState::unicast);
    EXPECT_EQ(orders(), std::vector{OrderMode::unicast});
    EXPECT_FALSE(sender_->wants().has_member(slow_));
    sender_->on_finished(now_, slow_, {true, "", {}});
    EXPECT_EQ(slow().state, MemberState::verified);
}

TEST_F(SenderSlowTest, WhatNobodyWasAskedForIsNotMissed) {
    make(SlowPolicy::defer);
    run(seconds(1));
    const auto before = sender_->counters().source_symbols;
    MemberReport report;
    report.highest_seen = sent_;
    report.missed = IntervalSet::range(0, layout_.block_count());
    sender_->on_report(now_, fast_, report);
    run(seconds(30));
    EXPECT_LE(sender_->counters().source_symbols, layout_.symbol_count());
    EXPECT_GT(sender_->counters().source_symbols, before);
}

}  // namespace
}  // namespace muster::mcast
