// SPDX-License-Identifier: GPL-3.0-or-later
#include "sequence/runner.h"

#include "base/check.h"

namespace muster::sequence {

namespace {
// Raised when the written form changes in a way an older agent would misread.
constexpr std::int64_t kStateVersion = 1;

// "step 2 (Apply Windows)"
std::string words_for(const TaskSequence& sequence, std::size_t index) {
    return "step " + std::to_string(index + 1) + " (" + sequence.steps[index].name + ")";
}
}  // namespace

std::string_view to_string(RunState state) {
    switch (state) {
        case RunState::running: return "running";
        case RunState::succeeded: return "succeeded";
        case RunState::failed: return "failed";
        case RunState::cancelled: return "cancelled";
    }
    return "running";
}

Status may_do_without(const TaskSequence& sequence, std::size_t index) {
    const auto& steps = sequence.steps;
    if (!std::holds_alternative<PartitionDisk>(steps[index].parameters)) return {};
    for (std::size_t later = index + 1; later < steps.size(); ++later) {
        if (std::holds_alternative<PartitionDisk>(steps[later].parameters)) return {};
        if (!std::holds_alternative<ApplyImage>(steps[later].parameters)) continue;
        return Error(Errc::busy, words_for(sequence, later) + " needs the disk that " +
                                     words_for(sequence, index) + " prepares");
    }
    return {};
}

Runner::Runner(TaskSequence sequence) : sequence_(std::move(sequence)) {
    CHECK(!sequence_.steps.empty());
}

std::optional<StepOrder> Runner::next() {
    if (state_ != RunState::running || step_handed_out_) return std::nullopt;
    step_handed_out_ = true;
    const Step& step = sequence_.steps[finished_steps_];
    events_.push_back(StepStarted{finished_steps_, step.name});
    return StepOrder{finished_steps_, step};
}

void Runner::on_step_finished(std::size_t index, const Status& outcome) {
    CHECK(step_handed_out_);
    CHECK(index == finished_steps_);
    step_handed_out_ = false;
    const std::string& name = sequence_.steps[index].name;
    if (!outcome.ok()) {
        state_ = RunState::failed;
        message_ = words_for(sequence_, index) + ": " + outcome.error().message();
        events_.push_back(StepFailed{index, name, outcome.error()});
        events_.push_back(SequenceFailed{message_});
        return;
    }
    events_.push_back(StepSucceeded{index, name});
    count_as_done();
}

void Runner::count_as_done() {
    ++finished_steps_;
    if (finished_steps_ < sequence_.steps.size()) return;
    state_ = RunState::succeeded;
    events_.push_back(SequenceSucceeded{});
}

Status Runner::check_not_over(std::string_view what) const {
    if (state_ == RunState::running || state_ == RunState::failed) return {};
    const std::string how = state_ == RunState::succeeded ? "succeeded" : "was cancelled";
    return Error(Errc::busy, "nothing to " + std::string(what) + ": the task sequence " + how);
}

Status Runner::may_retry() const {
    TRY(check_not_over("retry"));
    if (state_ == RunState::failed || step_handed_out_) return {};
    return Error(Errc::busy, words_for(sequence_, finished_steps_) + " has not begun");
}

Status Runner::retry() {
    TRY(may_retry());
    state_ = RunState::running;
    step_handed_out_ = false;
    message_.clear();
    return {};
}

Status Runner::may_skip() const {
    TRY(check_not_over("skip"));
    return may_do_without(sequence_, finished_steps_);
}

Status Runner::skip() {
    TRY(may_skip());
    state_ = RunState::running;
    step_handed_out_ = false;
    message_.clear();
    events_.push_back(StepSkipped{finished_steps_, sequence_.steps[finished_steps_].name});
    count_as_done();
    return {};
}

Status Runner::may_cancel() const {
    TRY(check_not_over("cancel"));
    if (state_ == RunState::running) return {};
    return Error(Errc::busy, "nothing to cancel: the task sequence failed");
}

Status Runner::cancel(const std::string& reason) {
    TRY(may_cancel());
    state_ = RunState::cancelled;
    message_ = "cancelled in " + words_for(sequence_, finished_steps_) +
               (reason.empty() ? "" : ": " + reason);
    if (step_handed_out_) {
        events_.push_back(StepFailed{finished_steps_, sequence_.steps[finished_steps_].name,
                                     Error(Errc::cancelled, message_)});
    }
    step_handed_out_ = false;
    events_.push_back(SequenceCancelled{message_});
    return {};
}

std::optional<RunnerEvent> Runner::poll_event() {
    if (events_.empty()) return std::nullopt;
    RunnerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Value Runner::to_value() const {
    Value value = Value::map();
    value.set("version", kStateVersion)
        .set("state", to_string(state_))
        .set("finished_steps", static_cast<std::int64_t>(finished_steps_))
        .set("message", message_)
        .set("sequence", sequence::to_value(sequence_));
    return value;
}

Result<Runner> Runner::from_value(const Value& value) {
    TRY(value.only_keys({"version", "state", "finished_steps", "message", "sequence"}));
    const auto version = TRY(value.int_at("version"));
    if (version != kStateVersion) {
        return Error(Errc::version_mismatch, "saved task sequence state has version " +
                                                 std::to_string(version) + ", this muster knows " +
                                                 std::to_string(kStateVersion));
    }
    const Value* sequence = value.find("sequence");
    if (sequence == nullptr) return value.error("sequence: missing");
    auto parsed = parse(*sequence);
    if (!parsed.ok()) return parsed.error().context("sequence");
    Runner runner(std::move(*parsed));
    runner.message_ = TRY(value.string_at("message"));
    const auto finished = TRY(value.int_at("finished_steps"));
    const auto steps = static_cast<std::int64_t>(runner.sequence_.steps.size());
    const std::string state = TRY(value.string_at("state"));
    const bool at_end = finished == steps;
    if (finished < 0 || finished > steps) {
        return value.error("finished_steps: " + std::to_string(finished) + " of " +
                           std::to_string(steps));
    }
    if (state == "succeeded" && at_end) {
        runner.state_ = RunState::succeeded;
    } else if ((state == "failed" || state == "cancelled") && !at_end) {
        runner.state_ = state == "failed" ? RunState::failed : RunState::cancelled;
    } else if (state != "running" || at_end) {
        return value.error("state: '" + state + "' after " + std::to_string(finished) + " of " +
                           std::to_string(steps) + " steps");
    }
    runner.finished_steps_ = static_cast<std::size_t>(finished);
    return runner;
}

}  // namespace muster::sequence
