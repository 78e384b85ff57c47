// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/progress.h"

#include "base/enum_words.h"

namespace muster::site {

namespace {

constexpr EnumWord<ProgressState> kStates[] = {{ProgressState::waiting, "waiting"},
                                               {ProgressState::running, "running"},
                                               {ProgressState::applied, "applied, not confirmed"},
                                               {ProgressState::succeeded, "succeeded"},
                                               {ProgressState::failed, "failed"},
                                               {ProgressState::cancelled, "cancelled"}};
constexpr EnumWord<StepOutcome> kOutcomes[] = {{StepOutcome::started, "started"},
                                               {StepOutcome::succeeded, "succeeded"},
                                               {StepOutcome::failed, "failed"}};

}  // namespace

std::string_view to_string(ProgressState state) { return word_of(kStates, state); }
std::optional<ProgressState> progress_state_from(std::string_view text) {
    return value_of(kStates, text);
}

bool is_final(ProgressState state) {
    return state != ProgressState::waiting && state != ProgressState::running;
}

std::string_view to_string(StepOutcome outcome) { return word_of(kOutcomes, outcome); }
std::optional<StepOutcome> step_outcome_from(std::string_view text) {
    return value_of(kOutcomes, text);
}

}  // namespace muster::site
