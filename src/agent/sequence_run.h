// SPDX-License-Identifier: GPL-3.0-or-later
//
// One run of a task sequence on this computer: the runner says which step is next, this carries it
// out. Steps block, so they run on a worker; receiving an image needs the loop. What happens is
// told through callbacks on the loop; what an administrator wants meanwhile comes by control().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/agent.h"
#include "agent/reports.h"
#include "base/value.h"
#include "sequence/runner.h"

namespace muster::agent {

enum class ControlAction { cancel, pause, resume, retry, skip };
std::optional<ControlAction> control_action_from(std::string_view text);

class SequenceRun {
public:
    struct Callbacks {
        std::function<void(const StepReport&)> on_step;
        std::function<void(const ProgressReport&)> on_progress;
        // The end of the sequence; `verified` when every applied volume was read back and equal.
        // Errc::cancelled: by control(). A failed sequence may go on by control(), and then ends
        // again.
        std::function<void(Status, bool verified)> on_finished;
        std::function<void(const std::string&)> on_notice;
    };
    // `images`: what the server said of the images the sequence names.
    SequenceRun(net::Loop& loop, const AgentOptions& options, sequence::TaskSequence sequence,
                Value images, Callbacks callbacks);
    ~SequenceRun();
    void start();

    // Does it, or begins to: what is under way ends as soon as can be. What will happen, in words;
    // Errc::busy: it does not fit now, and why.
    Result<std::string> control(ControlAction action, const std::string& reason);
    bool failed() const;
    // The step that is next, under way or has failed, from 0; nothing after the last.
    std::optional<std::size_t> step() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::agent
