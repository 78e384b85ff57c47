// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/session_streams.h"

#include <gtest/gtest.h>

namespace muster::session {
namespace {

using enum mcast::SenderState;

SenderSnapshot stream(mcast::SenderState state) {
    SenderSnapshot snapshot;
    snapshot.state = state;
    return snapshot;
}

MemberSnapshot member(const std::string& name, mcast::MemberState state, double seconds) {
    MemberSnapshot snapshot;
    snapshot.name = name;
    snapshot.state = state;
    snapshot.seconds = seconds;
    return snapshot;
}

TEST(SessionStreams, the_whole_runs_while_a_stream_does_and_ends_with_the_last) {
    EXPECT_EQ(merge_snapshots({stream(running), stream(ended)}).state, running);
    EXPECT_EQ(merge_snapshots({stream(lingering), stream(running)}).state, running);
    EXPECT_EQ(merge_snapshots({stream(lingering), stream(ended)}).state, lingering);
    EXPECT_EQ(merge_snapshots({stream(gathering), stream(gathering)}).state, gathering);
    EXPECT_EQ(merge_snapshots({stream(ended), stream(ended)}).state, ended);
}

TEST(SessionStreams, what_is_sent_adds_up) {
    auto one = stream(running);
    auto two = stream(running);
    one.counters.source_wire_bytes = 100;
    two.counters.source_wire_bytes = 30;
    two.counters.naks_received = 4;
    one.live_members = 2;
    two.live_members = 1;
    one.seconds = 3;
    two.seconds = 5;
    const auto whole = merge_snapshots({one, two});
    EXPECT_EQ(whole.counters.wire_bytes(), 130u);
    EXPECT_EQ(whole.counters.naks_received, 4u);
    EXPECT_EQ(whole.live_members, 3u);
    EXPECT_EQ(whole.seconds, 5);
}

TEST(SessionStreams, progress_is_that_of_streams_with_members) {
    auto one = stream(running);
    one.progress = 0.5;
    one.members = {member("a", mcast::MemberState::active, 1)};
    EXPECT_EQ(merge_snapshots({one, stream(lingering)}).progress, 0.5);
}

TEST(SessionStreams, a_member_that_moved_is_shown_as_it_is_now) {
    auto one = stream(running);
    auto two = stream(running);
    one.members = {member("a", mcast::MemberState::lost, 9),
                   member("b", mcast::MemberState::verified, 9)};
    two.members = {member("a", mcast::MemberState::active, 2),
                   member("b", mcast::MemberState::failed, 2)};
    const auto whole = merge_snapshots({one, two});
    ASSERT_EQ(whole.members.size(), 2u);
    EXPECT_EQ(whole.members[0].state, mcast::MemberState::active);
    EXPECT_EQ(whole.members[1].state, mcast::MemberState::verified);
}

}  // namespace
}  // namespace muster::session
