// SPDX-License-Identifier: GPL-3.0-or-later
//
// AgentHub's second half: orders of the administrator to an agent, and what agents number so that
// it is neither lost with a connection nor taken down twice.
#include <spdlog/spdlog.h>

#include "server/agent_hub.h"
#include "text/json.h"

namespace muster::server {

namespace {
constexpr Duration kControlPatience = std::chrono::seconds(5);

// Of another program: it shall not make lines of its own in our log.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    return text;
}
}  // namespace

// ---- orders ----

AgentHub::Agent* AgentHub::agent_of(site::DeviceId device) {
    for (auto& [id, agent] : agents_) {
        if (agent.greeted && agent.device.id == device) return &agent;
    }
    return nullptr;
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
    const std::int64_t id = next_control_++;
    auto& control = controls_[id];
    control.device = device.id;
    control.done = std::move(done);
    control.patience = loop_.after(kControlPatience, [this, id] { on_control_timeout(id); });
    // Nothing else is ordered before it has answered.
    agent->idle = false;
    spdlog::info("{}: {} ordered{}{}", device.name, action, reason.empty() ? "" : ", because ",
                 one_line(reason));
    Value message = Value::map();
    message.set("type", "control").set("id", id).set("action", action).set("reason", reason);
    message.set("deployment", agent->live.deployment_id.value);
    agent->socket->send_text(text::to_json(message));
    return {};
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
    auto control = controls_.find(id);
    if (control == controls_.end() || control->second.device != agent.device.id) return {};
    finish_control(id, answer);
    const bool over = agent.live.deployment_id.value == 0 || is_final(agent.live.state);
    if (answer.accepted || !over) return {};
    return decide(agent);  // deployments may have changed while it was asked
}

// ---- what is numbered ----

void AgentHub::note_run(const Agent& agent, const Value& hello) {
    auto run = hello.string_or("run", "");
    auto& heard = heard_[agent.device.id];
    if (run.ok() && heard.run != *run) heard = {*run, 0};
}

void AgentHub::acknowledge(const Agent& agent) {
    Value answer = Value::map();
    answer.set("type", "logged").set("seq", heard_[agent.device.id].seq);
    agent.socket->send_text(text::to_json(answer));
}

// A step after the end: the agent was told to go on.
void AgentHub::reopen(Agent& agent) {
    if (!is_final(agent.live.state)) return;
    agent.live.state = site::ProgressState::running;
    agent.live.message.clear();
    agent.live.verified = false;
    agent.idle = false;
}

Status AgentHub::on_numbered_step(Agent& agent, const Value& message) {
    const std::int64_t seq = TRY(message.int_or("seq", 0));
    if (seq == 0) return on_step(agent, message);
    auto& heard = heard_[agent.device.id];
    if (seq > heard.seq) {
        reopen(agent);
        TRY(on_step(agent, message));
        heard.seq = seq;
    }
    acknowledge(agent);
    return {};
}

Status AgentHub::on_log(Agent& agent, const Value& message) {
    const Value* lines = message.find("lines");
    if (lines == nullptr || lines->as_list() == nullptr) {
        return message.error("lines: expected a list");
    }
    auto& heard = heard_[agent.device.id];
    for (const auto& line : *lines->as_list()) {
        const std::int64_t seq = TRY(line.int_at("seq"));
        const std::string text = TRY(line.string_at("text"));
        if (seq <= heard.seq) continue;
        heard.seq = seq;
        spdlog::info("{} said: {}", agent.device.name, one_line(text));
    }
    acknowledge(agent);
    return {};
}

}  // namespace muster::server
