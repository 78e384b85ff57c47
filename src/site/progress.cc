// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/progress.h"

namespace muster::site {

std::string_view to_string(ProgressState state) {
    switch (state) {
        case ProgressState::waiting: return "waiting";
        case ProgressState::running: return "running";
        case ProgressState::succeeded: return "succeeded";
        case ProgressState::failed: return "failed";
        case ProgressState::cancelled: return "cancelled";
    }
    return "waiting";
}

std::optional<ProgressState> progress_state_from(std::string_view text) {
    for (auto state : {ProgressState::waiting, ProgressState::running, ProgressState::succeeded,
                       ProgressState::failed, ProgressState::cancelled}) {
        if (to_string(state) == text) return state;
    }
    return std::nullopt;
}

bool is_final(ProgressState state) {
    return state != ProgressState::waiting && state != ProgressState::running;
}

std::string_view to_string(StepOutcome outcome) {
    switch (outcome) {
        case StepOutcome::started: return "started";
        case StepOutcome::succeeded: return "succeeded";
        case StepOutcome::failed: return "failed";
    }
    return "started";
}

std::optional<StepOutcome> step_outcome_from(std::string_view text) {
    for (auto outcome : {StepOutcome::started, StepOutcome::succeeded, StepOutcome::failed}) {
        if (to_string(outcome) == text) return outcome;
    }
    return std::nullopt;
}

}  // namespace muster::site
