// SPDX-License-Identifier: GPL-3.0-or-later
//
// How far one computer is with one deployment, and what its steps did: what an agent reports, the
// database keeps and the live view shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "site/ids.h"

namespace muster::site {

// applied: the last step ended well; done (succeeded) when the installed system has reported, or
// the time for that is over.
enum class ProgressState { waiting, running, applied, succeeded, failed, cancelled };
std::string_view to_string(ProgressState state);
std::optional<ProgressState> progress_state_from(std::string_view text);
// Neither waiting nor running: this computer will not go on by itself.
bool is_final(ProgressState state);

// What the transport counted on this computer.
struct TransferCounters {
    std::int64_t blocks_received = 0;  // complete and verified, repaired ones among them
    std::int64_t blocks_repaired = 0;  // of these, completed with repair symbols
    double loss = 0;                   // lost datagrams / datagrams sent to it, 0 to 1
    double seconds = 0;                // from joining to the last block
    std::int64_t unicast_bytes = 0;    // of the blocks that came by HTTPS
};

// After the stage of a computer that an administrator has paused.
inline constexpr std::string_view kPausedSuffix = " (paused)";

struct DeviceProgress {
    DeploymentId deployment_id;
    DeviceId device_id;
    ProgressState state = ProgressState::waiting;
    std::int64_t step_index = 0;  // from 0
    std::string step_name;
    std::string stage;    // within the step: "receiving", "applying", "verifying"
    double progress = 0;  // of the stage, 0 to 1
    double rate_bytes_per_second = 0;
    std::int64_t missing_blocks = 0;
    std::string message;  // why it failed, what it waits for
    TransferCounters counters;
    bool verified = false;  // what was written has been read back and compared
    WallTime updated_at;
};

enum class StepOutcome { started, succeeded, failed };
std::string_view to_string(StepOutcome outcome);
std::optional<StepOutcome> step_outcome_from(std::string_view text);

struct StepEvent {
    DeploymentId deployment_id;
    DeviceId device_id;
    std::int64_t step_index = 0;
    std::string step_name;
    StepOutcome outcome = StepOutcome::started;
    std::string message;
    WallTime at;
    std::string output;  // the last of what the step printed
};

struct LogLine {
    std::int64_t id = 0;  // ascending in the order they came
    DeviceId device_id;
    DeploymentId deployment_id;
    WallTime at;        // by the computer's clock
    std::string level;  // "info", "warning", "error"
    std::int64_t step_index = 0;
    std::string text;
};

}  // namespace muster::site
