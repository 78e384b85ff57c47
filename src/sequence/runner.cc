// SPDX-License-Identifier: GPL-3.0-or-later
#include "sequence/runner.h"

#include "base/check.h"

namespace muster::sequence {

namespace {
// Raised when the written form changes in a way an older agent would misread.
constexpr std::int64_t kStateVersion = 1;
}  // namespace

std::string_view to_string(RunState state) {
    switch (state) {
        case RunState::running: return "running";
        case RunState::succeeded: return "succeeded";
        case RunState::failed: return "failed";
    }
    return "running";
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
        message_ =
            "step " + std::to_string(index + 1) + " (" + name + "): " + outcome.error().message();
        events_.push_back(StepFailed{index, name, outcome.error()});
        events_.push_back(SequenceFailed{message_});
        return;
    }
    events_.push_back(StepSucceeded{index, name});
    ++finished_steps_;
    if (finished_steps_ < sequence_.steps.size()) return;
    state_ = RunState::succeeded;
    events_.push_back(SequenceSucceeded{});
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
    } else if (state == "failed" && !at_end) {
        runner.state_ = RunState::failed;
    } else if (state != "running" || at_end) {
        return value.error("state: '" + state + "' after " + std::to_string(finished) + " of " +
                           std::to_string(steps) + " steps");
    }
    runner.finished_steps_ = static_cast<std::size_t>(finished);
    return runner;
}

}  // namespace muster::sequence
