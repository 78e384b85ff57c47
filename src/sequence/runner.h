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
// Counts as done although it was not carried out, or not to its end.
struct StepSkipped {
    std::size_t index = 0;
    std::string name;
};
struct SequenceSucceeded {};
struct SequenceFailed {
    std::string message;  // "step 2 (Apply Windows): why"
};
struct SequenceCancelled {
    std::string message;  // "cancelled in step 2 (Apply Windows): why"
};
using RunnerEvent = std::variant<StepStarted, StepSucceeded, StepFailed, StepSkipped,
                                 SequenceSucceeded, SequenceFailed, SequenceCancelled>;

enum class RunState { running, succeeded, failed, cancelled };
std::string_view to_string(RunState state);

// Ok when everything after step `index` can be done without what it makes. Errc::busy names the
// step that needs it.
Status may_do_without(const TaskSequence& sequence, std::size_t index);

class Runner {
public:
    explicit Runner(TaskSequence sequence);

    // The step to carry out now; nothing while one is being carried out and after the end. Emits
    // StepStarted.
    std::optional<StepOrder> next();
    // Ends the step handed out by next(); `index` must be its index. A failed step fails the
    // sequence.
    void on_step_finished(std::size_t index, const Status& outcome);

    // What an administrator may ask for at any moment. A step that was handed out is no longer
    // waited for, so its work has to have stopped. All are Errc::busy, with the reason in words,
    // when they do not fit now; the may_...() say so without doing anything.
    //
    // The step that was handed out, or has failed, is handed out again.
    Status retry();
    Status may_retry() const;
    // The step that is next, was handed out or has failed counts as done.
    Status skip();
    Status may_skip() const;
    // Ends a running sequence; the step that was handed out has failed with `reason`.
    Status cancel(const std::string& reason);
    Status may_cancel() const;

    // What happened, in order; nothing when all was told.
    std::optional<RunnerEvent> poll_event();

    RunState state() const { return state_; }
    const TaskSequence& sequence() const { return sequence_; }
    // Steps that ended well or were skipped.
    std::size_t finished_steps() const { return finished_steps_; }
    // Why it failed or was cancelled; empty otherwise.
    const std::string& message() const { return message_; }

    // Sequence and position, without events that nobody polled. A step that was handed out and not
    // finished is handed out again by the runner read back.
    Value to_value() const;
    // Errc::invalid_argument: not written by to_value(), or contradicting itself.
    static Result<Runner> from_value(const Value& value);

private:
    void count_as_done();
    Status check_not_over(std::string_view what) const;

    TaskSequence sequence_;
    RunState state_ = RunState::running;
    std::size_t finished_steps_ = 0;
    bool step_handed_out_ = false;
    std::string message_;
    std::deque<RunnerEvent> events_;  // no call emits more than two
};

}  // namespace muster::sequence
