// SPDX-License-Identifier: GPL-3.0-or-later
//
// When a sender stops by itself and how it goes on; and who may still come back.
#include <gtest/gtest.h>

#include "mcast/sender.h"

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SenderPauseTest : public testing::Test, public Sender::Mediator {
protected:
    void prepare_rows(GroupId group, std::uint32_t first_row, std::uint32_t count) override {
        sender_.on_rows_ready(group, first_row + count);
    }
    void prepare_sources(GroupId) override {}

    static SenderOptions options() {
        SenderOptions options;
        options.rate_bits_per_second = 100'000;  // a few seconds for the image
        options.start = {1, seconds(20), false};
        options.closed = true;
        options.prelude = {};
        options.feedback_timeout = milliseconds(2500);
        return options;
    }
    MemberNumber join(const std::string& name) {
        JoinRequest request;
        request.name = name;
        request.wants_all = true;
        return sender_.on_join(now_, request).value();
    }
    void report(MemberNumber number) { sender_.on_report(now_, number, {}); }
    void finish(MemberNumber number) { sender_.on_finished(now_, number, {true, "", {}}); }
    struct Sent {
        int content = 0;
        int status = 0;
    };
    // Polls for so long, as an engine does: at each deadline.
    Sent run(Duration duration) {
        Sent sent;
        const TimePoint end = now_ + duration;
        while (now_ < end) {
            while (auto outgoing = sender_.poll_packet(now_)) {
                ++(std::holds_alternative<StatusPacket>(outgoing->packet) ? sent.status
                                                                          : sent.content);
            }
            const TimePoint next = sender_.next_deadline(now_);
            EXPECT_GT(next, now_) << "it spins";
            now_ = std::min(end, std::max(next, now_ + milliseconds(1)));
        }
        return sent;
    }
    std::vector<PauseReason> pauses() {
        std::vector<PauseReason> list;
        for (const auto& event : sender_.take_events()) {
            if (const auto* pause = std::get_if<PauseChanged>(&event))
                list.push_back(pause->reason);
        }
        return list;
    }
    MemberState state_of(MemberNumber number) { return sender_.membership().find(number)->state; }

    const Layout layout_ = Layout::create({1024 * 256, 40, 64, 16, 2}).value();
    TimePoint now_{seconds(1000)};
    Sender sender_{now_, layout_, options(), *this};
};

TEST_F(SenderPauseTest, PausesWhenNobodyIsHeardAndGoesOnWithTheFirstWord) {
    const auto a = join("a");
    EXPECT_GT(run(milliseconds(2400)).content, 0);
    EXPECT_TRUE(pauses().empty());
    run(milliseconds(200));
    EXPECT_EQ(pauses(), std::vector{PauseReason::no_feedback});
    EXPECT_EQ(sender_.paused(), PauseReason::no_feedback);
    const Sent paused = run(seconds(5));
    EXPECT_EQ(paused.content, 0);
    EXPECT_GE(paused.status, 5) << "nobody could find the stream again";
    report(a);
    EXPECT_GT(run(seconds(1)).content, 0);
    EXPECT_EQ(pauses(), std::vector{PauseReason::none});
}

TEST_F(SenderPauseTest, OneMemberThatIsHeardIsEnough) {
    const auto a = join("a");
    join("b");
    for (int second = 0; second < 8; ++second) {
        report(a);
        EXPECT_GT(run(seconds(1)).content, 0);
    }
    EXPECT_TRUE(pauses().empty());
}

TEST_F(SenderPauseTest, ANakEndsAPauseToo) {
    const auto a = join("a");
    run(seconds(4));
    sender_.on_nak(now_, NakPacket{a.value, 1, 0, {}});
    EXPECT_GT(run(seconds(1)).content, 0);
}

TEST_F(SenderPauseTest, AllMembersOfAPausedSessionAreLostInTheEnd) {
    const auto a = join("a");
    run(seconds(11));
    EXPECT_EQ(state_of(a), MemberState::lost);
}

TEST_F(SenderPauseTest, NothingIsSentAndNobodyIsLostWithoutACarrier) {
    const auto a = join("a");
    run(seconds(1));
    sender_.on_carrier(now_, false);
    const Sent without = run(seconds(30));
    EXPECT_EQ(without.content + without.status, 0);
    EXPECT_EQ(state_of(a), MemberState::active);
    sender_.on_carrier(now_, true);
    const Sent again = run(seconds(1));
    EXPECT_EQ(again.content, 0) << "the switch may not forward yet";
    EXPECT_GT(again.status, 0);
    EXPECT_EQ(state_of(a), MemberState::active);
    report(a);
    EXPECT_GT(run(seconds(1)).content, 0);
    EXPECT_EQ(pauses(),
              (std::vector{PauseReason::no_carrier, PauseReason::no_feedback, PauseReason::none}));
}

TEST_F(SenderPauseTest, AConnectionThatBrokeWithoutACarrierHasItsTimeAfterIt) {
    const auto a = join("a");
    sender_.on_carrier(now_, false);
    run(seconds(10));
    sender_.on_disconnected(now_, a);
    run(seconds(20));
    sender_.on_carrier(now_, true);
    run(seconds(9));
    EXPECT_EQ(state_of(a), MemberState::active);
    run(seconds(2));
    EXPECT_EQ(state_of(a), MemberState::lost);
}

TEST_F(SenderPauseTest, GoesOnWhenAllAreBackWhoseConnectionsBroke) {
    const std::vector members{join("a"), join("b")};
    run(seconds(3));
    for (const auto member : members) sender_.on_disconnected(now_, member);
    pauses();
    const auto a = join("a");
    EXPECT_EQ(run(seconds(1)).content, 0);
    EXPECT_EQ(pauses(), std::vector{PauseReason::returning});
    report(a);
    join("b");
    EXPECT_GT(run(seconds(1)).content, 0);
    EXPECT_EQ(pauses(), std::vector{PauseReason::none});
}

TEST_F(SenderPauseTest, DoesNotWaitLongForOneThatDoesNotComeBack) {
    const std::vector members{join("a"), join("b")};
    run(seconds(3));
    for (const auto member : members) sender_.on_disconnected(now_, member);
    const auto a = join("a");
    run(seconds(2));
    report(a);
    EXPECT_GT(run(seconds(2)).content, 0);
}

TEST_F(SenderPauseTest, AClosedSessionWaitsForTheLost) {
    const auto a = join("a");
    const auto b = join("b");
    finish(a);
    run(seconds(12));
    ASSERT_EQ(state_of(b), MemberState::lost);
    EXPECT_EQ(sender_.state(), SenderState::lingering);
    const auto again = join("b");
    EXPECT_EQ(sender_.state(), SenderState::running);
    EXPECT_GT(run(seconds(1)).content, 0);
    finish(again);
    run(seconds(1));
    EXPECT_EQ(sender_.state(), SenderState::ended);
}

TEST_F(SenderPauseTest, WhoComesBackFirstOfTheLostWaitsAMomentForTheOthers) {
    join("a");
    join("b");
    run(seconds(12));
    ASSERT_EQ(sender_.state(), SenderState::lingering);
    const auto a = join("a");
    for (int half = 0; half < 4; ++half) {
        report(a);
        EXPECT_EQ(run(milliseconds(500)).content, 0);
    }
    join("b");
    EXPECT_GT(run(seconds(1)).content, 0);
}

TEST_F(SenderPauseTest, AClosedSessionDoesNotWaitForTheLostForEver) {
    join("a");
    run(seconds(12));
    EXPECT_EQ(sender_.state(), SenderState::lingering);
    run(seconds(30));
    EXPECT_EQ(sender_.state(), SenderState::ended);
}

}  // namespace
}  // namespace muster::mcast
