// SPDX-License-Identifier: GPL-3.0-or-later
//
// One run of a task sequence on this computer: the runner says which step is next, this carries it
// out. Steps block, so they run on a worker; receiving an image needs the loop. What happens is
// told through callbacks on the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "base/value.h"
#include "sequence/runner.h"

namespace muster::agent {

struct StepReport {
    std::size_t index = 0;
    std::string name;
    std::string outcome;  // "started", "succeeded", "failed"
    std::string message;
};

struct ProgressReport {
    std::string stage;
    double progress = 0;
    double rate_bytes_per_second = 0;
    std::uint32_t missing_blocks = 0;
    std::uint64_t blocks_received = 0;
    std::uint64_t blocks_repaired = 0;
    std::uint64_t unicast_bytes = 0;
    double loss = 0;
    double seconds = 0;
    std::string message;
};

class SequenceRun {
public:
    struct Callbacks {
        std::function<void(const StepReport&)> on_step;
        std::function<void(const ProgressReport&)> on_progress;
        // The end of the sequence; `verified` when every applied volume was read back and equal.
        std::function<void(Status, bool verified)> on_finished;
        std::function<void(const std::string&)> on_notice;
    };
    // `images`: what the server said of the images the sequence names.
    SequenceRun(net::Loop& loop, const AgentOptions& options, sequence::TaskSequence sequence,
                Value images, Callbacks callbacks);
    ~SequenceRun();
    void start();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::agent
