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

constexpr WallTime kNow = from_unix_milliseconds(1'764'576'000'000);  // 2025-12-01 08:00
constexpr auto kHour = std::chrono::hours(1);

Decision decide_for(const Device& device, std::span<const Deployment> deployments,
                    std::span<const DeviceProgress> progress,
                    std::span<const Arming> armings = {}) {
    return decide({device, deployments, progress, armings, kNow});
}

Arming arming(std::int64_t deployment_id, WallTime at, WallTime until) {
    return {DeploymentId(deployment_id), DeviceId(1), at, until, "anna"};
}

TEST(DecideTest, WithoutADeploymentThereIsNothingToDo) {
    auto decision = decide_for(pc01(), {}, {});
    EXPECT_FALSE(decision.run);
    EXPECT_EQ(decision.reason,
              "PC-01 has nothing to do: no deployment reaches a collection it is in.");
}

TEST(DecideTest, ARequiredDeploymentThatHasNotRunHereIsRun) {
    const Deployment deployments[] = {deployment(7)};
    auto decision = decide_for(pc01(), deployments, {});
    EXPECT_EQ(decision.run, DeploymentId(7));
    EXPECT_EQ(decision.reason,
              "PC-01 runs deployment 7 (Room image to Room): it is required and "
              "has not started here yet.");
}

TEST(DecideTest, ItRunsOnceWhateverItsEnd) {
    const Deployment deployments[] = {deployment(7)};
    for (auto state : {ProgressState::succeeded, ProgressState::failed, ProgressState::cancelled}) {
        const DeviceProgress progress[] = {record(7, state)};
        auto decision = decide_for(pc01(), deployments, progress);
        EXPECT_FALSE(decision.run) << to_string(state);
        EXPECT_NE(decision.reason.find(to_string(state)), std::string::npos) << decision.reason;
    }
    const DeviceProgress failed[] = {record(7, ProgressState::failed)};
    EXPECT_EQ(
        decide_for(pc01(), deployments, failed).reason,
        "PC-01 has nothing to do: deployment 7 (Room image to Room) failed here in step "
        "'apply operating system image' (disk full); to repeat it: muster deploy clear 7 PC-01.");
}

TEST(DecideTest, AnInterruptedRunIsStartedAgain) {
    const Deployment deployments[] = {deployment(7)};
    const DeviceProgress progress[] = {record(7, ProgressState::running)};
    EXPECT_EQ(decide_for(pc01(), deployments, progress).run, DeploymentId(7));
}

TEST(DecideTest, OnlyTheNewestActiveDeploymentCounts) {
    const Deployment deployments[] = {deployment(9), deployment(7), deployment(8)};
    EXPECT_EQ(decide_for(pc01(), deployments, {}).run, DeploymentId(9));
    const DeviceProgress done[] = {record(9, ProgressState::succeeded)};
    EXPECT_FALSE(decide_for(pc01(), deployments, done).run) << "an older one would undo the newer";
}

TEST(DecideTest, ACancelledDeploymentIsAsIfItWereNotThere) {
    const Deployment deployments[] = {deployment(7), deployment(9, DeploymentState::cancelled)};
    EXPECT_EQ(decide_for(pc01(), deployments, {}).run, DeploymentId(7));
    const Deployment all_cancelled[] = {deployment(9, DeploymentState::cancelled)};
    auto decision = decide_for(pc01(), all_cancelled, {});
    EXPECT_FALSE(decision.run);
    EXPECT_NE(decision.reason.find("cancelled"), std::string::npos);
}

TEST(DecideTest, RecordsOfOtherComputersAndDeploymentsDoNotCount) {
    const Deployment deployments[] = {deployment(7)};
    const DeviceProgress progress[] = {record(7, ProgressState::succeeded, 2),
                                       record(6, ProgressState::succeeded)};
    EXPECT_EQ(decide_for(pc01(), deployments, progress).run, DeploymentId(7));
}

TEST(DecideTest, AnAvailableOneIsOfferedAndRunsWhenChosen) {
    Deployment made = deployment(7);
    made.purpose = DeploymentPurpose::available;
    const Deployment deployments[] = {made, deployment(5)};
    auto offered = decide_for(pc01(), deployments, {});
    EXPECT_EQ(offered.run, DeploymentId(5)) << "an older required one counts meanwhile";
    EXPECT_EQ(offered.offered, std::vector<DeploymentId>{DeploymentId(7)});
    const Arming chosen[] = {arming(7, kNow - kHour, kNow + kHour)};
    EXPECT_EQ(decide_for(pc01(), deployments, {}, chosen).run, DeploymentId(7));
    const Arming late[] = {arming(7, kNow - 2 * kHour, kNow - kHour)};
    EXPECT_EQ(decide_for(pc01(), deployments, {}, late).run, DeploymentId(5)) << "it has expired";
}

TEST(DecideTest, ATimetableIsKept) {
    Deployment made = deployment(7);
    made.available_from = kNow + kHour;
    auto before = decide_for(pc01(), std::span(&made, 1), {});
    EXPECT_FALSE(before.run);
    EXPECT_EQ(before.ask_again, kNow + kHour);
    EXPECT_EQ(before.reason,
              "PC-01 has nothing to do: deployment 7 (Room image to Room) begins on "
              "2025-12-01 09:00 UTC.");
    made.available_from = kNow - kHour;
    made.deadline = kNow + kHour;
    auto offered = decide_for(pc01(), std::span(&made, 1), {});
    EXPECT_FALSE(offered.run);
    EXPECT_EQ(offered.offered.size(), 1u);
    EXPECT_EQ(offered.ask_again, kNow + kHour);
    made.deadline = kNow;
    EXPECT_TRUE(decide_for(pc01(), std::span(&made, 1), {}).run);
    made.expires = kNow;
    EXPECT_FALSE(decide_for(pc01(), std::span(&made, 1), {}).run);
}

TEST(DecideTest, WhoWasImagedIsNotImagedAgainByBootingFromTheNetwork) {
    Deployment made = deployment(7);
    for (auto rerun : {Rerun::never, Rerun::always, Rerun::if_failed, Rerun::if_succeeded}) {
        made.rerun = rerun;
        DeviceProgress done = record(7, ProgressState::succeeded);
        done.updated_at = kNow - kHour;
        EXPECT_FALSE(decide_for(pc01(), std::span(&made, 1), std::span(&done, 1)).run);
        const Arming old[] = {arming(7, kNow - 2 * kHour, kNow + kHour)};
        EXPECT_FALSE(decide_for(pc01(), std::span(&made, 1), std::span(&done, 1), old).run);
        const Arming since[] = {arming(7, kNow, kNow + kHour)};
        const bool again = rerun == Rerun::always || rerun == Rerun::if_succeeded;
        const auto decision = decide_for(pc01(), std::span(&made, 1), std::span(&done, 1), since);
        EXPECT_EQ(decision.run.has_value(), again) << to_string(rerun);
    }
}

TEST(DecideTest, ArmingOfADeploymentEnds) {
    Deployment made = deployment(7);
    made.armed_until = kNow;
    auto decision = decide_for(pc01(), std::span(&made, 1), {});
    EXPECT_FALSE(decision.run);
    EXPECT_NE(decision.reason.find("not armed any more"), std::string::npos) << decision.reason;
    const Arming armed[] = {arming(7, kNow, kNow + kHour)};
    EXPECT_TRUE(decide_for(pc01(), std::span(&made, 1), {}, armed).run);
    const DeviceProgress running[] = {record(7, ProgressState::running)};
    EXPECT_TRUE(decide_for(pc01(), std::span(&made, 1), running).run) << "it had begun in time";
}

TEST(DecideTest, WhoWaitsForApprovalOrAWindowOrIsPausedDoesNothing) {
    Deployment made = deployment(7);
    Device stranger = pc01();
    stranger.approval = Approval::pending;
    EXPECT_FALSE(decide_for(stranger, std::span(&made, 1), {}).run);
    const Device device = pc01();
    Situation situation{device, std::span(&made, 1), {}, {}, kNow};
    situation.opens = [](const Deployment&) { return kNow + kHour; };
    auto decision = decide(situation);
    EXPECT_FALSE(decision.run);
    EXPECT_EQ(decision.ask_again, kNow + kHour);
    made.ignore_windows = true;
    EXPECT_TRUE(decide(situation).run);
    made.state = DeploymentState::paused;
    EXPECT_FALSE(decide(situation).run);
    made.state = DeploymentState::active;
    situation.environment = Environment::media;
    made.offered_to = {Environment::network_boot};
    EXPECT_FALSE(decide(situation).run);
}

TEST(StartRuleTest, ASessionStartsAtTheNumberOrAfterTheWaitWhicheverIsFirst) {
    const StartRule rule{3, 20};
    EXPECT_FALSE(session_may_start(rule, 2, std::chrono::milliseconds(19'999), 9, kNow));
    EXPECT_TRUE(session_may_start(rule, 3, Duration::zero(), 9, kNow));
    EXPECT_TRUE(session_may_start(rule, 1, std::chrono::seconds(20), 9, kNow));
    EXPECT_FALSE(session_may_start(rule, 0, std::chrono::hours(1), 9, kNow)) << "never for nobody";
    EXPECT_EQ(to_string(rule), "at 3 computers or after 20 s");
}

TEST(StartRuleTest, ASessionStartsAtAWallClockTimeOrWhenAllAreThereOrByHandOnly) {
    StartRule timed{0};
    timed.at = kNow;
    EXPECT_FALSE(session_may_start(timed, 9, kHour, 9, kNow - kHour));
    EXPECT_TRUE(session_may_start(timed, 1, Duration::zero(), 9, kNow));
    StartRule all{0};
    all.when_all = true;
    EXPECT_FALSE(session_may_start(all, 8, kHour, 9, kNow));
    EXPECT_FALSE(session_may_start(all, 8, kHour, 0, kNow)) << "how many all are is not known";
    EXPECT_TRUE(session_may_start(all, 9, Duration::zero(), 9, kNow));
    all.max_wait_seconds = 60;
    EXPECT_TRUE(session_may_start(all, 1, std::chrono::seconds(60), 9, kNow)) << "whichever first";
    EXPECT_EQ(to_string(all), "when all are there or after 60 s");
    all.by_hand = true;
    EXPECT_FALSE(session_may_start(all, 9, kHour, 9, kNow));
}

TEST(StartRuleTest, OnlyWhatIsSetStartsASession) {
    const StartRule counted{3, 0};
    EXPECT_FALSE(session_may_start(counted, 2, kHour, 9, kNow)) << "no wait was set";
    EXPECT_EQ(to_string(counted), "at 3 computers");
    const StartRule waiting{0, 20};
    EXPECT_FALSE(session_may_start(waiting, 9, Duration::zero(), 9, kNow)) << "no number was set";
    EXPECT_TRUE(session_may_start(waiting, 1, std::chrono::seconds(20), 9, kNow));
    EXPECT_EQ(to_string(waiting), "after 20 s");
    StartRule both{3};
    both.at = kNow;
    EXPECT_TRUE(session_may_start(both, 3, Duration::zero(), 9, kNow - kHour));
    EXPECT_TRUE(session_may_start(both, 1, Duration::zero(), 9, kNow));
}

TEST(StartRuleTest, NumbersOutsideTheirRangeAreNamed) {
    EXPECT_TRUE(check_start_rule({1, 0}).ok());
    EXPECT_TRUE(check_start_rule({10'000, 604'800}).ok());
    EXPECT_TRUE(check_start_rule({0, 20}).ok());
    for (StartRule rule : {StartRule{0, 0}, StartRule{-1, 20}, StartRule{10'001, 20},
                           StartRule{1, -1}, StartRule{1, 604'801}}) {
        EXPECT_EQ(check_start_rule(rule).error().code(), Errc::invalid_argument);
    }
    EXPECT_NE(check_start_rule({0, 0}).error().message().find("not 0"), std::string::npos);
}

TEST(StateNamesTest, EveryStateIsReadBackFromItsName) {
    for (auto state : {ProgressState::waiting, ProgressState::running, ProgressState::applied,
                       ProgressState::succeeded, ProgressState::failed, ProgressState::cancelled}) {
        EXPECT_EQ(progress_state_from(to_string(state)), state);
    }
    EXPECT_EQ(deployment_state_from("cancelled"), DeploymentState::cancelled);
    EXPECT_EQ(step_outcome_from("failed"), StepOutcome::failed);
    EXPECT_FALSE(progress_state_from("Running"));
}

}  // namespace
}  // namespace muster::site
