// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/deployment.h"

namespace muster::site {

namespace {
constexpr std::int64_t kMaxClients = 10'000;
constexpr std::int64_t kMaxWaitSeconds = 7 * 24 * 3600;
}  // namespace

Status check_start_rule(const StartRule& rule) {
    if (rule.min_clients < 1 || rule.min_clients > kMaxClients) {
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
    return "at " + std::to_string(rule.min_clients) +
           (rule.min_clients == 1 ? " computer" : " computers") + " or after " +
           std::to_string(rule.max_wait_seconds) + " s";
}

bool session_may_start(const StartRule& rule, std::int64_t joined, Duration waited) {
    if (joined <= 0) return false;
    return joined >= rule.min_clients || waited >= std::chrono::seconds(rule.max_wait_seconds);
}

std::string_view to_string(DeploymentPurpose) { return "required"; }

std::optional<DeploymentPurpose> deployment_purpose_from(std::string_view text) {
    if (text == "required") return DeploymentPurpose::required;
    return std::nullopt;
}

std::string_view to_string(DeploymentState state) {
    switch (state) {
        case DeploymentState::active: return "active";
        case DeploymentState::cancelled: return "cancelled";
    }
    return "active";
}

std::optional<DeploymentState> deployment_state_from(std::string_view text) {
    for (auto state : {DeploymentState::active, DeploymentState::cancelled}) {
        if (to_string(state) == text) return state;
    }
    return std::nullopt;
}

}  // namespace muster::site
