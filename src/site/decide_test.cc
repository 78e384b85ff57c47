// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/decide.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

Device pc01() {
    Device device;
    device.id = DeviceId(1);
    device.name = "PC-01";
    return device;
}

Deployment deployment(std::int64_t id, DeploymentState state = DeploymentState::active) {
    Deployment made;
    made.id = DeploymentId(id);
    made.sequence_name = "Room image";
    made.collection_name = "Room";
    made.state = state;
    return made;
}

DeviceProgress record(std::int64_t deployment_id, ProgressState state, std::int64_t device_id = 1) {
    DeviceProgress made;
    made.deployment_id = DeploymentId(deployment_id);
    made.device_id = DeviceId(device_id);
    made.state = state;
    made.step_name = "apply operating system image";
    made.message = "disk full";
    return made;
}

TEST(DecideTest, WithoutADeploymentThereIsNothingToDo) {
    auto decision = decide(pc01(), {}, {});
    EXPECT_FALSE(decision.run);
    EXPECT_EQ(decision.reason,
              "PC-01 has nothing to do: no deployment reaches a collection it is in.");
}

TEST(DecideTest, ARequiredDeploymentThatHasNotRunHereIsRun) {
    const Deployment deployments[] = {deployment(7)};
    auto decision = decide(pc01(), deployments, {});
    EXPECT_EQ(decision.run, DeploymentId(7));
    EXPECT_EQ(decision.reason,
              "PC-01 runs deployment 7 (Room image to Room): it is required and "
              "has not started here yet.");
}

TEST(DecideTest, ItRunsOnceWhateverItsEnd) {
    const Deployment deployments[] = {deployment(7)};
    for (auto state : {ProgressState::succeeded, ProgressState::failed, ProgressState::cancelled}) {
        const DeviceProgress progress[] = {record(7, state)};
        auto decision = decide(pc01(), deployments, progress);
        EXPECT_FALSE(decision.run) << to_string(state);
        EXPECT_NE(decision.reason.find(to_string(state)), std::string::npos) << decision.reason;
    }
    const DeviceProgress failed[] = {record(7, ProgressState::failed)};
    EXPECT_EQ(decide(pc01(), deployments, failed).reason,
              "PC-01 has nothing to do: deployment 7 (Room image to Room) failed here in step "
              "'apply operating system image' (disk full); deploy again to repeat it.");
}

TEST(DecideTest, AnInterruptedRunIsStartedAgain) {
    const Deployment deployments[] = {deployment(7)};
    const DeviceProgress progress[] = {record(7, ProgressState::running)};
    EXPECT_EQ(decide(pc01(), deployments, progress).run, DeploymentId(7));
}

TEST(DecideTest, OnlyTheNewestActiveDeploymentCounts) {
    const Deployment deployments[] = {deployment(9), deployment(7), deployment(8)};
    EXPECT_EQ(decide(pc01(), deployments, {}).run, DeploymentId(9));
    const DeviceProgress done[] = {record(9, ProgressState::succeeded)};
    EXPECT_FALSE(decide(pc01(), deployments, done).run) << "an older one would undo the newer";
}

TEST(DecideTest, ACancelledDeploymentIsAsIfItWereNotThere) {
    const Deployment deployments[] = {deployment(7), deployment(9, DeploymentState::cancelled)};
    EXPECT_EQ(decide(pc01(), deployments, {}).run, DeploymentId(7));
    const Deployment all_cancelled[] = {deployment(9, DeploymentState::cancelled)};
    auto decision = decide(pc01(), all_cancelled, {});
    EXPECT_FALSE(decision.run);
    EXPECT_NE(decision.reason.find("cancelled"), std::string::npos);
}

TEST(DecideTest, RecordsOfOtherComputersAndDeploymentsDoNotCount) {
    const Deployment deployments[] = {deployment(7)};
    const DeviceProgress progress[] = {record(7, ProgressState::succeeded, 2),
                                       record(6, ProgressState::succeeded)};
    EXPECT_EQ(decide(pc01(), deployments, progress).run, DeploymentId(7));
}

TEST(StartRuleTest, ASessionStartsAtTheNumberOrAfterTheWaitWhicheverIsFirst) {
    const StartRule rule{3, 20};
    EXPECT_FALSE(session_may_start(rule, 2, std::chrono::milliseconds(19'999)));
    EXPECT_TRUE(session_may_start(rule, 3, Duration::zero()));
    EXPECT_TRUE(session_may_start(rule, 1, std::chrono::seconds(20)));
    EXPECT_FALSE(session_may_start(rule, 0, std::chrono::hours(1))) << "never for nobody";
    EXPECT_EQ(to_string(rule), "at 3 computers or after 20 s");
}

TEST(StartRuleTest, NumbersOutsideTheirRangeAreNamed) {
    EXPECT_TRUE(check_start_rule({1, 0}).ok());
    EXPECT_TRUE(check_start_rule({10'000, 604'800}).ok());
    for (StartRule rule : {StartRule{0, 20}, StartRule{-1, 20}, StartRule{10'001, 20},
                           StartRule{1, -1}, StartRule{1, 604'801}}) {
        EXPECT_EQ(check_start_rule(rule).error().code(), Errc::invalid_argument);
    }
    EXPECT_NE(check_start_rule({0, 20}).error().message().find("not 0"), std::string::npos);
}

TEST(StateNamesTest, EveryStateIsReadBackFromItsName) {
    for (auto state : {ProgressState::waiting, ProgressState::running, ProgressState::succeeded,
                       ProgressState::failed, ProgressState::cancelled}) {
        EXPECT_EQ(progress_state_from(to_string(state)), state);
    }
    EXPECT_EQ(deployment_state_from("cancelled"), DeploymentState::cancelled);
    EXPECT_EQ(step_outcome_from("failed"), StepOutcome::failed);
    EXPECT_FALSE(progress_state_from("Running"));
}

}  // namespace
}  // namespace muster::site
