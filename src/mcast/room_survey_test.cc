// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/room_survey.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A member of which 1000 datagrams of 1486 bytes came in 100 ms: 118.9 Mbit/s.
struct Said {
    std::uint64_t lost = 0;
    Duration queue{};
    std::uint32_t local_drops = 0;
    std::uint32_t backlog_kib = 0;
    std::uint32_t sink_kbps = 0;
    std::uint64_t received = 1000;
};

void hear(RoomSurvey& survey, std::uint32_t number, const Said& said) {
    FeedbackPacket feedback;
    feedback.queue_delay_us = static_cast<std::uint32_t>(said.queue.count() / 1000);
    feedback.backlog_kib = said.backlog_kib;
    feedback.sink_kbps = said.sink_kbps;
    MemberReception reception;
    (void)reception.on_feedback(TimePoint(seconds(1)), feedback);
    ReceptionInterval interval;
    interval.length = milliseconds(100);
    interval.received = said.received;
    interval.lost = said.lost;
    interval.loss_runs = said.lost;
    interval.wire_bytes = said.received * 1486;
    interval.local_drops = said.local_drops;
    survey.on_interval(MemberNumber(number), interval, reception);
}

RoomView view_of(const std::vector<Said>& members, double tolerance = 0.05,
                 const NoiseFloor& noise = {}) {
    RoomSurvey survey(tolerance);
    std::uint32_t number = 1;
    for (const auto& said : members) hear(survey, number++, said);
    return survey.view(noise);
}

NoiseFloor five_percent() {
    NoiseFloor noise;
    const LossSample sample{500, 10'000, 1};
    noise.begin_experiment(sample);
    for (int i = 0; i < 3; ++i) (void)noise.on_experiment(sample);
    return noise;
}

TEST(RoomSurvey, OneOfManyMaySufferAlone) {
    const RoomView view = view_of({{300, milliseconds(40)}, {1}, {2}, {0}});
    EXPECT_FALSE(view.lost_in_queue);
    EXPECT_EQ(view.queue_delay, Duration{});
    EXPECT_LT(view.loss.loss(), 0.003);
    EXPECT_FALSE(view.receivers_take);
}

TEST(RoomSurvey, AMemberThatIsAloneCounts) {
    const RoomView view = view_of({{3, milliseconds(40)}});
    EXPECT_TRUE(view.lost_in_queue);
    EXPECT_EQ(view.queue_delay, milliseconds(40));
}

TEST(RoomSurvey, WithoutToleranceTheSlowestRules) {
    EXPECT_TRUE(view_of({{3, milliseconds(40)}, {0}, {0}, {0}}, 0).lost_in_queue);
}

TEST(RoomSurvey, AFleetMayLeaveOneInTwentyBehind) {
    std::vector<Said> members(100);
    for (int i = 0; i < 5; ++i) members[static_cast<std::size_t>(i)] = {30, milliseconds(30)};
    EXPECT_FALSE(view_of(members).lost_in_queue);
    members[5] = {30, milliseconds(30)};
    EXPECT_TRUE(view_of(members).lost_in_queue);
}

TEST(RoomSurvey, LossWithoutAQueueIsNotLostInIt) {
    const RoomView view = view_of({{50}, {60}});
    EXPECT_FALSE(view.lost_in_queue);
    EXPECT_NEAR(view.loss.loss(), 0.048, 0.001);
}

TEST(RoomSurvey, AboveANoiseFloorALongQueueSpeaks) {
    const NoiseFloor noise = five_percent();
    EXPECT_FALSE(view_of({{50, milliseconds(5)}}, 0.05, noise).lost_in_queue);
    EXPECT_TRUE(view_of({{50, milliseconds(25)}}, 0.05, noise).lost_in_queue);
    EXPECT_TRUE(view_of({{150, milliseconds(5)}}, 0.05, noise).lost_in_queue);
}

TEST(RoomSurvey, IntervalsOfAMemberAddUp) {
    RoomSurvey survey(0.05);
    hear(survey, 1, {0});
    hear(survey, 1, {100});
    const RoomView view = survey.view({});
    EXPECT_EQ(view.loss.lost, 100u);
    EXPECT_EQ(view.loss.all, 2100u);
    EXPECT_NEAR(view.delivered_bits_per_second, 1000 * 1486 * 80, 1e6);
}

TEST(RoomSurvey, WhenMostDropThemselvesTheRateIsWhatComesThrough) {
    const Said dropping{0, milliseconds(30), 50};
    EXPECT_FALSE(view_of({dropping, {0}}).receivers_take);
    const RoomView view = view_of({dropping, dropping, {0}});
    ASSERT_TRUE(view.receivers_take);
    EXPECT_NEAR(*view.receivers_take, 0.95 * 1000 * 1486 * 80, 1e6);
    EXPECT_FALSE(view.lost_in_queue);
}

TEST(RoomSurvey, ASinkWithABacklogTakesWhatItSustainsAndLessWhileTheBacklogIsLong) {
    const auto takes = [](std::uint32_t backlog_kib) {
        return view_of({{0, {}, 0, backlog_kib, 80'000}}).receivers_take.value_or(0);
    };
    EXPECT_EQ(takes(8000), 0);                // a group or two, as it must be
    EXPECT_NEAR(takes(9000), 77.4e6, 2e6);    // 0.08 s more
    EXPECT_NEAR(takes(12'000), 51.5e6, 3e6);  // 0.4 s more
    EXPECT_NEAR(takes(50'000), 42e6, 3e6);    // never less than half
}

TEST(RoomSurvey, AFastSinkMayHoldMore) {
    EXPECT_FALSE(view_of({{0, {}, 0, 70'000, 4'000'000}}).receivers_take);
}

}  // namespace
}  // namespace muster::mcast
