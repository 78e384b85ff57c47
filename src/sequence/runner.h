// SPDX-License-Identifier: GPL-3.0-or-later
//
// Running a task sequence, without doing any of it: the agent asks for the next step, carries it
// out and says how it ended; the runner keeps the position, tells what happened as events, and can
// be written down and read back at any moment, so that a computer that was restarted goes on.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/value.h"
#include "sequence/task_sequence.h"

namespace muster::sequence {

struct StepOrder {
    std::size_t index = 0;  // from 0
    Step step;
};

struct StepStarted {
    std::size_t index = 0;
    std::string name;
};
struct StepSucceeded {
    std::size_t index = 0;
    std::string name;
};
struct StepFailed {
    std::size_t index = 0;
    std::string name;
    Error error;
};
struct SequenceSucceeded {};
struct SequenceFailed {
    std::string message;  // "step 2 (Apply Windows): why"
};
using RunnerEvent =
    std::variant<StepStarted, StepSucceeded, StepFailed, SequenceSucceeded, SequenceFailed>;

enum class RunState { running, succeeded, failed };
std::string_view to_string(RunState state);

class Runner {
public:
    explicit Runner(TaskSequence sequence);

    // The step to carry out now; nothing while one is being carried out and after the end. Emits
    // StepStarted.
    std::optional<StepOrder> next();
    // Ends the step handed out by next(); `index` must be its index. A failed step fails the
    // sequence.
    void on_step_finished(std::size_t index, const Status& outcome);
    // What happened, in order; nothing when all was told.
    std::optional<RunnerEvent> poll_event();

    RunState state() const { return state_; }
    const TaskSequence& sequence() const { return sequence_; }
    // Steps that ended well.
    std::size_t finished_steps() const { return finished_steps_; }
    // Why it failed; empty otherwise.
    const std::string& message() const { return message_; }

    // Sequence and position, without events that nobody polled. A step that was handed out and not
    // finished is handed out again by the runner read back.
    Value to_value() const;
    // Errc::invalid_argument: not written by to_value(), or contradicting itself.
    static Result<Runner> from_value(const Value& value);

private:
    TaskSequence sequence_;
    RunState state_ = RunState::running;
    std::size_t finished_steps_ = 0;
    bool step_handed_out_ = false;
    std::string message_;
    std::deque<RunnerEvent> events_;  // at most four: no call emits more than two
};

}  // namespace muster::sequence
