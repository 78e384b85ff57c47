// SPDX-License-Identifier: GPL-3.0-or-later
//
// One attempt at the step "apply operating system image": becomes a member of the image's session,
// receives into the staging, then has a worker apply and verify. Held, it is out of the session
// and keeps what was verified; stopped, it ends as soon as can be. Lives on the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "agent/image_apply.h"
#include "agent/reports.h"
#include "agent/step_gate.h"
#include "base/value.h"
#include "sequence/task_sequence.h"
#include "session/member_session.h"
#include "session/worker.h"

namespace muster::agent {

class ImageStep {
public:
    struct Callbacks {
        // Once, never from within a call of ours, and may destroy this: what was verified, as a
        // sentence, or why not.
        std::function<void(Result<std::string>)> on_finished;
        std::function<void(const std::string&)> on_notice;
    };
    // The owner's, for as long as this lives; the worker is stopped before.
    struct Surroundings {
        net::Loop& loop;
        const AgentOptions& options;
        session::Worker& worker;
        StepGate& gate;  // held, released and stopped by the owner
    };
    // `image`: what the server said of it. `disk`: partitioned, with an empty Windows volume;
    // changes when the staging partition is removed.
    ImageStep(Surroundings surroundings, const sequence::ApplyImage& step, const Value& image,
              disk::PartitionedDisk& disk, Callbacks callbacks);
    ~ImageStep();

    void start();
    void pause();
    void resume();
    // `why` is for the session, when it is in one. on_finished still comes.
    void stop(const std::string& why);
    // Whether the Windows volume has been written to.
    bool has_touched_disk() const { return applying_; }
    const ProgressReport& report();

private:
    Result<session::MemberOptions> member_options() const;
    Result<std::unique_ptr<session::BlockStore>> open_store(const session::Offer& offer);
    void look_at_member();
    void on_received(const Status& status);
    void apply();
    void finish(Result<std::string> outcome);
    std::function<void(std::function<void()>)> poster();

    Surroundings around_;
    const sequence::ApplyImage step_;
    const Value& image_;
    disk::PartitionedDisk& disk_;
    Callbacks callbacks_;
    std::unique_ptr<session::MemberSession> member_;
    int staged_fd_ = -1;
    std::uint64_t staged_bytes_ = 0;
    bool receiving_ = false;
    bool applying_ = false;
    bool finished_ = false;
    bool paused_ = false;
    ProgressReport report_;
    bool waits_ = false;  // and report_.message says for what
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::agent
