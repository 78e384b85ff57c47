// SPDX-License-Identifier: GPL-3.0-or-later
//
// A sender that is one of several of a session: when it starts and ends with the others.
#include <gtest/gtest.h>

#include "mcast/sender.h"

namespace muster::mcast {
namespace {

using std::chrono::seconds;

class SenderStreams : public testing::Test, public Sender::Mediator {
protected:
    void prepare_rows(GroupId, std::uint32_t, std::uint32_t) override {}
    void prepare_sources(GroupId) override {}

    static SenderOptions options() {
        SenderOptions options;
        options.rate_bits_per_second = 1'000'000;
        options.start = {3, seconds(20), false};
        options.closed = true;
        return options;
    }
    MemberNumber join(const std::string& name) {
        JoinRequest request;
        request.name = name;
        request.wants_all = true;
        return sender_.on_join(now_, request).value();
    }
    void wait(Duration duration) {
        for (const TimePoint end = now_ + duration; now_ < end; now_ += seconds(1)) {
            sender_.on_deadline(now_);
        }
    }

    const Layout layout_ = Layout::create({1024 * 256, 40, 64, 16, 2}).value();
    TimePoint now_{seconds(1000)};
    Sender sender_{now_, layout_, options(), *this};
};

TEST_F(SenderStreams, the_start_rule_counts_members_of_all_streams) {
    join("a");
    sender_.on_others(now_, 1);
    EXPECT_EQ(sender_.state(), SenderState::gathering);
    sender_.on_others(now_, 2);
    EXPECT_EQ(sender_.state(), SenderState::running);
}

TEST_F(SenderStreams, one_without_members_of_its_own_waits_for_late_joiners) {
    sender_.on_others(now_, 3);
    EXPECT_NE(sender_.state(), SenderState::gathering);
    wait(seconds(200));
    EXPECT_EQ(sender_.state(), SenderState::lingering);
    join("late");
    EXPECT_EQ(sender_.state(), SenderState::running);
}

TEST_F(SenderStreams, nobody_ends_while_another_stream_has_members) {
    const auto a = join("a");
    sender_.on_others(now_, 2);
    sender_.on_finished(now_, a, {true, "", {}});
    wait(seconds(200));
    EXPECT_EQ(sender_.state(), SenderState::lingering);
    sender_.on_others(now_, 0);
    EXPECT_EQ(sender_.state(), SenderState::ended);
}

TEST_F(SenderStreams, the_longest_wait_is_over_for_all_of_them) {
    sender_.on_others(now_, 1);
    wait(seconds(19));
    EXPECT_EQ(sender_.state(), SenderState::gathering);
    wait(seconds(3));
    EXPECT_NE(sender_.state(), SenderState::gathering);
    EXPECT_NE(sender_.state(), SenderState::ended);
}

}  // namespace
}  // namespace muster::mcast
