// SPDX-License-Identifier: GPL-3.0-or-later
#include "sequence/runner.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace muster::sequence {
namespace {

TaskSequence room_image() {
    TaskSequence sequence;
    sequence.name = "Room image";
    sequence.steps.push_back({"Partition", PartitionDisk{1, DiskLayout::windows_uefi}, {4, 5}});
    sequence.steps.push_back({"Apply Windows", ApplyImage{"lab-image", 2}, {5, 5}});
    return sequence;
}

std::string describe(const RunnerEvent& event) {
    struct Words {
        std::string operator()(const StepStarted& e) { return "started " + e.name; }
        std::string operator()(const StepSucceeded& e) { return "succeeded " + e.name; }
        std::string operator()(const StepFailed& e) {
            return "failed " + e.name + ": " + e.error.message();
        }
        std::string operator()(const StepSkipped& e) { return "skipped " + e.name; }
        std::string operator()(const SequenceSucceeded&) { return "done"; }
        std::string operator()(const SequenceCancelled& e) { return e.message; }
        std::string operator()(const SequenceFailed& e) { return "given up: " + e.message; }
    };
    return std::visit(Words{}, event);
}

std::vector<std::string> events_of(Runner& runner) {
    std::vector<std::string> told;
    while (auto event = runner.poll_event()) told.push_back(describe(*event));
    return told;
}

using Told = std::vector<std::string>;

TEST(RunnerTest, StepsRunInOrderAndTheSequenceSucceeds) {
    Runner runner(room_image());
    auto first = runner.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->index, 0u);
    EXPECT_EQ(std::get<PartitionDisk>(first->step.parameters).disk, 1);
    EXPECT_FALSE(runner.next()) << "one step at a time";
    runner.on_step_finished(0, {});
    auto second = runner.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(std::get<ApplyImage>(second->step.parameters).image, "lab-image");
    EXPECT_EQ(runner.state(), RunState::running);
    runner.on_step_finished(1, {});
    EXPECT_EQ(runner.state(), RunState::succeeded);
    EXPECT_FALSE(runner.next());
    EXPECT_EQ(events_of(runner),
              (Told{"started Partition", "succeeded Partition", "started Apply Windows",
                    "succeeded Apply Windows", "done"}));
}

TEST(RunnerTest, AFailedStepFailsTheSequenceAndNothingFollows) {
    Runner runner(room_image());
    runner.next();
    runner.on_step_finished(0, Error(Errc::busy, "disk 1 is mounted"));
    EXPECT_EQ(runner.state(), RunState::failed);
    EXPECT_EQ(runner.message(), "step 1 (Partition): disk 1 is mounted");
    EXPECT_FALSE(runner.next());
    EXPECT_EQ(events_of(runner), (Told{"started Partition", "failed Partition: disk 1 is mounted",
                                       "given up: step 1 (Partition): disk 1 is mounted"}));
}

TEST(RunnerTest, AnotherStepThanTheOneHandedOutCannotBeFinished) {
    Runner runner(room_image());
    EXPECT_DEATH(runner.on_step_finished(0, {}), "CHECK failed");
    runner.next();
    EXPECT_DEATH(runner.on_step_finished(1, {}), "CHECK failed");
}

TEST(RunnerTest, ItGoesOnWhereItWasWrittenDown) {
    Runner runner(room_image());
    runner.next();
    runner.on_step_finished(0, {});
    runner.next();
    auto again = Runner::from_value(runner.to_value());
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(again->finished_steps(), 1u);
    auto order = again->next();
    ASSERT_TRUE(order) << "the step that was not finished is handed out again";
    EXPECT_EQ(order->index, 1u);
    EXPECT_EQ(order->step.name, "Apply Windows");
    EXPECT_EQ(std::get<ApplyImage>(order->step.parameters).index, 2);
    again->on_step_finished(1, {});
    EXPECT_EQ(events_of(*again),
              (Told{"started Apply Windows", "succeeded Apply Windows", "done"}));
}

TEST(RunnerTest, TheEndIsWrittenDownToo) {
    Runner runner(room_image());
    runner.next();
    runner.on_step_finished(0, Error(Errc::io, "no"));
    auto failed = Runner::from_value(runner.to_value());
    ASSERT_TRUE(failed.ok());
    EXPECT_EQ(failed->state(), RunState::failed);
    EXPECT_EQ(failed->message(), "step 1 (Partition): no");
    EXPECT_FALSE(failed->next());

    Runner well(room_image());
    for (std::size_t i = 0; i < 2; ++i) {
        well.next();
        well.on_step_finished(i, {});
    }
    EXPECT_EQ(Runner::from_value(well.to_value())->state(), RunState::succeeded);
}

TEST(RunnerTest, TheFailedStepIsDoneAgainAndTheSequenceGoesOn) {
    Runner runner(room_image());
    runner.next();
    runner.on_step_finished(0, Error(Errc::busy, "mounted"));
    events_of(runner);
    EXPECT_TRUE(runner.retry().ok());
    EXPECT_EQ(runner.state(), RunState::running);
    EXPECT_EQ(runner.message(), "");
    EXPECT_EQ(runner.next()->index, 0u);
    runner.on_step_finished(0, {});
    EXPECT_EQ(runner.next()->index, 1u);
    EXPECT_EQ(events_of(runner),
              (Told{"started Partition", "succeeded Partition", "started Apply Windows"}));
}

TEST(RunnerTest, TheStepUnderWayIsStartedAnew) {
    Runner runner(room_image());
    runner.next();
    EXPECT_TRUE(runner.retry().ok());
    EXPECT_EQ(runner.next()->index, 0u);
    EXPECT_EQ(events_of(runner), (Told{"started Partition", "started Partition"}));
}

TEST(RunnerTest, AStepThatHasNotBegunIsNotRetried) {
    Runner runner(room_image());
    EXPECT_EQ(runner.retry().error().message(), "step 1 (Partition) has not begun");
    EXPECT_EQ(runner.may_retry().error().code(), Errc::busy);
    runner.next();
    EXPECT_TRUE(runner.may_retry().ok());
    runner.on_step_finished(0, {});
    EXPECT_FALSE(runner.may_retry().ok());
}

TEST(RunnerTest, AStepThatNobodyNeedsIsSkippedBeforeItDuringItAndAfterItFailed) {
    for (int moment = 0; moment < 3; ++moment) {
        Runner runner(room_image());
        runner.next();
        runner.on_step_finished(0, {});
        if (moment > 0) runner.next();
        if (moment > 1) runner.on_step_finished(1, Error(Errc::io, "no"));
        events_of(runner);
        EXPECT_TRUE(runner.may_skip().ok());
        EXPECT_TRUE(runner.skip().ok());
        EXPECT_EQ(runner.state(), RunState::succeeded);
        EXPECT_EQ(runner.message(), "");
        EXPECT_EQ(events_of(runner), (Told{"skipped Apply Windows", "done"}));
        EXPECT_EQ(Runner::from_value(runner.to_value())->state(), RunState::succeeded);
    }
}

TEST(RunnerTest, ADiskThatALaterStepNeedsIsNotSkipped) {
    Runner runner(room_image());
    runner.next();
    EXPECT_EQ(runner.skip().error().message(),
              "step 2 (Apply Windows) needs the disk that step 1 (Partition) prepares");
    EXPECT_FALSE(runner.next()) << "the step is still under way";
    TaskSequence two = room_image();
    two.steps.insert(two.steps.begin(), {"Wipe", PartitionDisk{0, DiskLayout::windows_uefi}, {}});
    EXPECT_TRUE(may_do_without(two, 0).ok()) << "the next step partitions a disk of its own";
    EXPECT_FALSE(may_do_without(two, 1).ok());
    EXPECT_TRUE(may_do_without(two, 2).ok());
}

TEST(RunnerTest, ACancelledSequenceEndsWithTheReasonAndNothingFollows) {
    Runner runner(room_image());
    runner.next();
    EXPECT_TRUE(runner.cancel("the wrong room").ok());
    const std::string message = "cancelled in step 1 (Partition): the wrong room";
    EXPECT_EQ(runner.state(), RunState::cancelled);
    EXPECT_EQ(runner.message(), message);
    EXPECT_FALSE(runner.next());
    EXPECT_EQ(events_of(runner),
              (Told{"started Partition", "failed Partition: " + message, message}));
    auto again = Runner::from_value(runner.to_value());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->state(), RunState::cancelled);
    EXPECT_EQ(again->message(), message);
}

TEST(RunnerTest, BetweenStepsNoStepFailsWhenTheSequenceIsCancelled) {
    Runner runner(room_image());
    EXPECT_TRUE(runner.cancel("").ok());
    EXPECT_EQ(events_of(runner), (Told{"cancelled in step 1 (Partition)"}));
}

TEST(RunnerTest, WhatIsOverIsNeitherRetriedNorSkippedNorCancelled) {
    Runner cancelled(room_image());
    EXPECT_TRUE(cancelled.cancel("").ok());
    Runner succeeded(room_image());
    for (std::size_t i = 0; i < 2; ++i) {
        succeeded.next();
        succeeded.on_step_finished(i, {});
    }
    EXPECT_EQ(cancelled.retry().error().message(),
              "nothing to retry: the task sequence was cancelled");
    EXPECT_EQ(succeeded.skip().error().message(), "nothing to skip: the task sequence succeeded");
    for (Runner* runner : {&cancelled, &succeeded}) {
        EXPECT_FALSE(runner->retry().ok());
        EXPECT_FALSE(runner->skip().ok());
        EXPECT_FALSE(runner->cancel("").ok());
    }
    Runner failed(room_image());
    failed.next();
    failed.on_step_finished(0, Error(Errc::io, "no"));
    EXPECT_FALSE(failed.cancel("").ok());
    EXPECT_EQ(failed.state(), RunState::failed);
}

TEST(RunnerTest, AStateThatContradictsItselfIsRefused) {
    const auto with = [](std::string_view key, Value value) {
        Value state = Runner(room_image()).to_value();
        state.set(key, std::move(value));
        return Runner::from_value(state);
    };
    EXPECT_EQ(with("version", 2).error().code(), Errc::version_mismatch);
    EXPECT_FALSE(with("finished_steps", -1).ok());
    EXPECT_FALSE(with("finished_steps", 3).ok());
    EXPECT_FALSE(with("finished_steps", 2).ok()) << "running after the last step";
    EXPECT_FALSE(with("finished_steps", "1").ok());
    EXPECT_FALSE(with("state", "succeeded").ok());
    EXPECT_FALSE(with("state", "sleeping").ok());
    EXPECT_TRUE(with("state", "cancelled").ok());
    Value cancelled_at_the_end = Runner(room_image()).to_value();
    cancelled_at_the_end.set("state", "cancelled").set("finished_steps", 2);
    EXPECT_FALSE(Runner::from_value(cancelled_at_the_end).ok());
    EXPECT_FALSE(with("sequence", 7).ok());
    EXPECT_FALSE(with("unknown", 7).ok());
    EXPECT_FALSE(Runner::from_value(Value()).ok());
    EXPECT_FALSE(Runner::from_value(Value::map()).ok());
}

}  // namespace
}  // namespace muster::sequence
