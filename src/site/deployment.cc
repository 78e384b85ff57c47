// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/deployment.h"

#include "base/enum_words.h"

namespace muster::site {

namespace {
constexpr std::int64_t kMaxClients = 10'000;
constexpr std::int64_t kMaxWaitSeconds = 7 * 24 * 3600;
}  // namespace

Status check_start_rule(const StartRule& rule) {
    const bool otherwise =
        rule.max_wait_seconds > 0 || is_set(rule.at) || rule.when_all || rule.by_hand;
    if (rule.min_clients < (otherwise ? 0 : 1) || rule.min_clients > kMaxClients) {
        return Error(Errc::invalid_argument,
                     "start rule: the number of computers is 1 to 10000, "
                     "not " +
                         std::to_string(rule.min_clients));
    }
    if (rule.max_wait_seconds < 0 || rule.max_wait_seconds > kMaxWaitSeconds) {
        return Error(Errc::invalid_argument,
                     "start rule: the longest wait is 0 to 604800 s "
                     "(7 days), not " +
                         std::to_string(rule.max_wait_seconds));
    }
    return {};
}

std::string to_string(const StartRule& rule) {
    if (rule.by_hand) return "by hand";
    std::string text;
    const auto add = [&](const std::string& words) {
        text += (text.empty() ? "" : " or ") + words;
    };
    if (rule.min_clients > 0) {
        add("at " + std::to_string(rule.min_clients) +
            (rule.min_clients == 1 ? " computer" : " computers"));
    }
    if (is_set(rule.at)) add("on " + to_text(rule.at));
    if (rule.when_all) add("when all are there");
    if (rule.max_wait_seconds > 0) {
        add("after " + std::to_string(rule.max_wait_seconds) + " s");
    }
    return text;
}

bool session_may_start(const StartRule& rule, std::int64_t joined, Duration waited, std::int64_t of,
                       WallTime now) {
    if (joined <= 0 || rule.by_hand) return false;
    if (is_set(rule.at) && now >= rule.at) return true;
    if (rule.when_all && of > 0 && joined >= of) return true;
    if (rule.min_clients > 0 && joined >= rule.min_clients) return true;
    return rule.max_wait_seconds > 0 && waited >= std::chrono::seconds(rule.max_wait_seconds);
}

namespace {

constexpr EnumWord<DeploymentPurpose> kPurposes[] = {{DeploymentPurpose::required, "required"},
                                                     {DeploymentPurpose::available, "available"}};
constexpr EnumWord<DeploymentState> kStates[] = {{DeploymentState::active, "active"},
                                                 {DeploymentState::paused, "paused"},
                                                 {DeploymentState::cancelled, "cancelled"}};
constexpr EnumWord<Rerun> kReruns[] = {{Rerun::never, "never"},
                                       {Rerun::always, "always"},
                                       {Rerun::if_failed, "if failed"},
                                       {Rerun::if_succeeded, "if succeeded"}};
constexpr EnumWord<Environment> kEnvironments[] = {
    {Environment::network_boot, "network boot"},
    {Environment::media, "media"},
    {Environment::running_system, "running systems"}};

}  // namespace

std::string_view to_string(DeploymentPurpose purpose) { return word_of(kPurposes, purpose); }
std::optional<DeploymentPurpose> deployment_purpose_from(std::string_view text) {
    return value_of(kPurposes, text);
}
std::string_view to_string(DeploymentState state) { return word_of(kStates, state); }
std::optional<DeploymentState> deployment_state_from(std::string_view text) {
    return value_of(kStates, text);
}
std::string_view to_string(Rerun rerun) { return word_of(kReruns, rerun); }
std::optional<Rerun> rerun_from(std::string_view text) { return value_of(kReruns, text); }
std::string_view to_string(Environment environment) { return word_of(kEnvironments, environment); }
std::optional<Environment> environment_from(std::string_view text) {
    return value_of(kEnvironments, text);
}

}  // namespace muster::site
