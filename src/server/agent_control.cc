// SPDX-License-Identifier: GPL-3.0-or-later
//
// Orders of the administrator to computers at work, and what they say to them.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/agent_hub.h"

namespace muster::server {

namespace {

constexpr Duration kControlPatience = std::chrono::seconds(5);

// Of people and other programs: it shall not make lines of its own in our log.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    return text;
}

}  // namespace

void AgentHub::order_control(Agent& agent, const std::string& action, const std::string& reason,
                             OnControlled done) {
    const std::int64_t id = next_control_++;
    auto& control = controls_[id];
    control.device = agent.device.id;
    control.done = std::move(done);
    control.patience = loop_.after(kControlPatience, [this, id] { on_control_timeout(id); });
    // Nothing else is ordered before it has answered.
    agent.idle = false;
    spdlog::info("{}: {} ordered{}{}", agent.device.name, action,
                 reason.empty() ? "" : ", because ", one_line(reason));
    Value message = Value::map();
    message.set("type", "control").set("id", id).set("action", action).set("reason", reason);
    say(*agent.socket, message.set("deployment", agent.live.deployment_id.value));
}

Status AgentHub::control(const site::Device& device, const std::string& action,
                         const std::string& reason, OnControlled done) {
    Agent* agent = agent_of(device.id);
    if (agent == nullptr) {
        return Error(Errc::busy, device.name + " is not connected, so it cannot be told");
    }
    if (agent->live.deployment_id.value == 0) {
        // It ended before this server began; the last deployment is the one it may still know.
        for (const auto& record : TRY(database_.progress().for_device(device.id))) {
            if (agent->live.deployment_id < record.deployment_id) agent->live = record;
        }
    }
    order_control(*agent, action, reason, std::move(done));
    return {};
}

std::vector<std::string> AgentHub::control(site::DeploymentId deployment,
                                           const std::vector<site::DeviceId>& devices,
                                           const std::string& action, const std::string& reason) {
    std::vector<std::string> told;
    for (auto& [id, agent] : agents_) {
        const bool meant = devices.empty() || std::find(devices.begin(), devices.end(),
                                                        agent.device.id) != devices.end();
        if (!meant || !agent.greeted || agent.live.deployment_id != deployment) continue;
        // A failed step may be done again or passed over; everything else is for who is at work.
        const bool after_failure = agent.live.state == site::ProgressState::failed &&
                                   (action == "retry" || action == "skip");
        if (is_final(agent.live.state) && !after_failure) continue;
        order_control(agent, action, reason, [](const ControlAnswer&) {});
        told.push_back(agent.device.name);
    }
    std::sort(told.begin(), told.end());
    return told;
}

void AgentHub::finish_control(std::int64_t id, const ControlAnswer& answer) {
    auto control = controls_.extract(id);
    if (!control.empty()) control.mapped().done(answer);
}

void AgentHub::on_control_timeout(std::int64_t id) {
    if (Agent* agent = agent_of(controls_[id].device)) {
        agent->idle = agent->live.deployment_id.value == 0 || is_final(agent->live.state);
    }
    finish_control(id, {});
}

Status AgentHub::on_controlled(Agent& agent, const Value& message) {
    ControlAnswer answer;
    answer.answered = true;
    const std::int64_t id = TRY(message.int_at("id"));
    answer.accepted = TRY(message.bool_at("accepted"));
    answer.message = TRY(message.string_or("message", ""));
    const auto control = controls_.find(id);
    if (control == controls_.end() || control->second.device != agent.device.id) return {};
    spdlog::info("{}: {}{}", agent.device.name,
                 answer.accepted ? "" : "refused: ", one_line(answer.message));
    finish_control(id, answer);
    const bool over = agent.live.deployment_id.value == 0 || is_final(agent.live.state);
    if (answer.accepted || !over) return {};
    return decide(agent);  // deployments may have changed while it was asked
}

}  // namespace muster::server
