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
        std::string operator()(const SequenceSucceeded&) { return "done"; }
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
    EXPECT_FALSE(with("sequence", 7).ok());
    EXPECT_FALSE(with("unknown", 7).ok());
    EXPECT_FALSE(Runner::from_value(Value()).ok());
    EXPECT_FALSE(Runner::from_value(Value::map()).ok());
}

}  // namespace
}  // namespace muster::sequence
