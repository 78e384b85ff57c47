// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/rekeying.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RekeyingTest : public testing::Test {
protected:
    RekeyingTest() {
        for (const char* name : {"A", "B", "C"}) numbers_.push_back(members_.add(now_, name, 1, 0));
    }
    void out(std::size_t index, MemberState state) {
        members_.set_state(numbers_[index], state, "", now_);
        rekeying_.on_member_changed({numbers_[index], "", state, ""});
    }
    GroupSecret begin() { return rekeying_.begin(now_, current_, Secret{}, members_); }

    TimePoint now_{seconds(10)};
    Membership members_;
    std::vector<MemberNumber> numbers_;
    GroupSecret current_{4, 9, {}};
    Rekeying rekeying_;
};

TEST_F(RekeyingTest, BeginsWhenSomebodyIsOut) {
    EXPECT_FALSE(rekeying_.begin_due(now_));
    out(0, MemberState::deferred);
    EXPECT_FALSE(rekeying_.begin_due(now_));
    out(0, MemberState::away);
    EXPECT_FALSE(rekeying_.begin_due(now_)) << "it comes back";
    out(0, MemberState::verified);
    EXPECT_FALSE(rekeying_.begin_due(now_)) << "it has finished: nothing to keep from it";
    out(1, MemberState::failed);
    EXPECT_TRUE(rekeying_.begin_due(now_));
    const GroupSecret told = begin();
    EXPECT_EQ(told.rekeys, 5u);
    EXPECT_EQ(told.step, 9u);
    EXPECT_FALSE(rekeying_.begin_due(now_));
}

TEST_F(RekeyingTest, SwitchesWhenTheLastHasAnswered) {
    out(0, MemberState::lost);
    begin();
    EXPECT_FALSE(rekeying_.poll_switch(now_));
    rekeying_.on_acknowledged(numbers_[1], 4);  // an old one
    rekeying_.on_acknowledged(numbers_[2], 5);
    EXPECT_FALSE(rekeying_.poll_switch(now_));
    rekeying_.on_acknowledged(numbers_[1], 5);
    EXPECT_EQ(rekeying_.poll_switch(now_)->rekeys, 5u);
    EXPECT_FALSE(rekeying_.poll_switch(now_)) << "once";
}

TEST_F(RekeyingTest, DoesNotWaitForEver) {
    out(0, MemberState::lost);
    begin();
    EXPECT_FALSE(rekeying_.poll_switch(now_ + Rekeying::kPatience - milliseconds(1)));
    EXPECT_TRUE(rekeying_.poll_switch(now_ + Rekeying::kPatience));
}

TEST_F(RekeyingTest, DoesNotWaitForWhoIsGone) {
    out(0, MemberState::lost);
    begin();
    rekeying_.on_disconnected(numbers_[1]);
    out(2, MemberState::verified);
    EXPECT_TRUE(rekeying_.poll_switch(now_));
}

TEST_F(RekeyingTest, WaitsForWhoJoinedMeanwhile) {
    out(0, MemberState::lost);
    begin();
    const MemberNumber late(99);
    rekeying_.on_joined(late);
    rekeying_.on_acknowledged(numbers_[1], 5);
    rekeying_.on_acknowledged(numbers_[2], 5);
    EXPECT_FALSE(rekeying_.poll_switch(now_));
    rekeying_.on_acknowledged(late, 5);
    EXPECT_TRUE(rekeying_.poll_switch(now_));
}

TEST_F(RekeyingTest, AStormOfLeavingIsOneRekeyInTenSeconds) {
    out(0, MemberState::lost);
    begin();
    EXPECT_TRUE(rekeying_.poll_switch(now_ + Rekeying::kPatience));
    out(1, MemberState::lost);
    EXPECT_FALSE(rekeying_.begin_due(now_ + Rekeying::kInterval - milliseconds(1)));
    EXPECT_TRUE(rekeying_.begin_due(now_ + Rekeying::kInterval));
}

}  // namespace
}  // namespace muster::mcast
