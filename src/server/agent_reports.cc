// SPDX-License-Identifier: GPL-3.0-or-later
//
// What computers say about themselves and their work.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "mcast/packet.h"
#include "server/agent_hub.h"
#include "server/clock.h"
#include "text/json.h"

namespace muster::server {

void AgentHub::on_text(std::uint64_t id, const std::string& text) {
    auto it = agents_.find(id);
    if (it == agents_.end()) return;
    auto message = text::parse_json(text);
    Status status = message.ok() ? on_message(it->second, *message) : Status(message.error());
    if (status.ok()) return;
    spdlog::warn("{}: {}", it->second.device.name, status.error().message());
    // Only what trying again would not mend is a refusal; an agent at work comes back from the
    // rest.
    const Errc code = status.error().code();
    const bool for_good =
        code == Errc::version_mismatch || code == Errc::invalid_argument || code == Errc::not_found;
    if (!for_good) return it->second.socket->close(status.error().message());
    Value refusal = Value::map();
    say(*it->second.socket, refusal.set("type", "refused").set("reason", status.error().message()));
    it->second.socket->close(status.error().message());
}

Status AgentHub::on_message(Agent& agent, const Value& message) {
    const std::string type = TRY(message.string_at("type"));
    if (type == "hello") return on_hello(agent, message);
    if (!agent.greeted) return Error(Errc::invalid_argument, "expected a hello first");
    if (type == "step") return on_step(agent, message);
    if (type == "log") return on_log(agent, message);
    if (type == "progress") return on_progress(agent, message);
    if (type == "result") return on_result(agent, message);
    if (type == "controlled") return on_controlled(agent, message);
    return Error(Errc::invalid_argument, "message of unknown type " + type);
}

// ---- hello ----

Status AgentHub::on_hello(Agent& agent, const Value& message) {
    const std::int64_t version = TRY(message.int_at("protocol"));
    if (version != mcast::kProtocolVersion) {
        return Error(Errc::version_mismatch,
                     "protocol version " + std::to_string(version) +
                         " of the agent is not version " + std::to_string(mcast::kProtocolVersion) +
                         " of this server: install the same muster on both");
    }
    agent.greeted = true;
    agent.run = TRY(message.string_or("run", ""));
    const std::string where = TRY(message.string_or("environment", "network boot"));
    const auto environment = site::environment_from(where);
    if (!environment) {
        return Error(
            Errc::invalid_argument,
            "environment: '" + where + "' is none of network boot, media, running systems");
    }
    agent.environment = *environment;
    spdlog::info("{}: connected from {}", agent.device.name, agent.socket->peer().to_string());
    forget_earlier_connections(agent);
    if (const Value* hardware = message.find("hardware")) TRY(take_asset(agent, *hardware));
    if (agent.environment == site::Environment::running_system) TRY(confirm_applied(agent));
    if (!TRY(message.bool_or("working", false))) {
        TRY(settle_cancelled(agent));
        return decide(agent);
    }
    return take_up(agent, site::DeploymentId(TRY(message.int_at("deployment"))));
}

// Asset data is written when it changed, or was last seen a day ago.
Status AgentHub::take_asset(Agent& agent, const Value& hardware) {
    if (hardware.as_map() == nullptr) return hardware.error("hardware: expected a map");
    const std::string json = text::to_json(hardware);
    const auto now = wall_now();
    agent.device = TRY(database_.devices().find(agent.device.id));
    if (callbacks_.take_identity) TRY(callbacks_.take_identity(agent.device, hardware));
    const auto& known = agent.device;
    if (known.asset == json && now - known.asset_at < std::chrono::hours(24)) return {};
    TRY(database_.devices().set_asset(agent.device.id, json, now));
    if (known.asset != json) directory_.invalidate();
    agent.device.asset = json;
    agent.device.asset_at = now;
    return {};
}

// The installed system has reported: what was applied is done.
Status AgentHub::confirm_applied(Agent& agent) {
    for (auto record : TRY(database_.progress().for_device(agent.device.id))) {
        if (record.state != site::ProgressState::applied) continue;
        record.state = site::ProgressState::succeeded;
        record.message = "the installed system has reported";
        record.updated_at = wall_now();
        TRY(database_.progress().upsert(std::span(&record, 1)));
        spdlog::info("{}: deployment {} is done: {}", agent.device.name, record.deployment_id.value,
                     record.message);
        if (callbacks_.on_progress) callbacks_.on_progress(record, agent.device.name);
    }
    return {};
}

// What was withdrawn while the computer was away does not go on.
Status AgentHub::settle_cancelled(Agent& agent) {
    for (auto record : TRY(database_.progress().for_device(agent.device.id))) {
        if (record.state != site::ProgressState::running) continue;
        const auto deployment = TRY(database_.deployments().find(record.deployment_id));
        if (deployment.state != site::DeploymentState::cancelled) continue;
        TRY(record_cancelled(record, agent.device.name));
    }
    return {};
}

Status AgentHub::end_absent(site::DeploymentId deployment) {
    for (const auto& record : TRY(database_.progress().list(deployment))) {
        const bool runs = record.state == site::ProgressState::running;
        if (!runs || is_connected(record.device_id)) continue;
        TRY(record_cancelled(record, TRY(database_.devices().find(record.device_id)).name));
    }
    return {};
}

Status AgentHub::record_cancelled(site::DeviceProgress record, const std::string& device) {
    record.state = site::ProgressState::cancelled;
    record.stage = "cancelled";
    record.message = "the deployment was cancelled while this computer was away";
    record.rate_bytes_per_second = 0;
    record.updated_at = wall_now();
    TRY(database_.progress().upsert(std::span(&record, 1)));
    if (callbacks_.on_progress) callbacks_.on_progress(record, device);
    return {};
}

// The agent came back in the middle of a deployment; what was known of it is in the database.
Status AgentHub::take_up(Agent& agent, site::DeploymentId deployment) {
    const auto records = TRY(database_.progress().for_device(agent.device.id));
    auto record = std::find_if(records.begin(), records.end(),
                               [&](const auto& r) { return r.deployment_id == deployment; });
    if (record == records.end()) {
        return Error(Errc::not_found, "the agent works on deployment " +
                                          std::to_string(deployment.value) +
                                          ", which this server did not give it: start it again");
    }
    agent.idle = false;
    agent.live = *record;
    spdlog::info("{}: goes on with deployment {}", agent.device.name, deployment.value);
    // Withdrawn while the connection was down.
    const auto state = TRY(database_.deployments().find(deployment)).state;
    if (state == site::DeploymentState::cancelled) {
        control(deployment, {agent.device.id}, "cancel", "the deployment was cancelled");
    } else if (state == site::DeploymentState::paused) {
        control(deployment, {agent.device.id}, "pause", "the deployment is paused");
    }
    return {};
}

// ---- steps and log ----

namespace {

// By the computer's clock, unless that is far off: log lines are forgotten by their age, and a
// computer without a battery would lose its own at once.
site::WallTime plausible(site::WallTime told) {
    const auto now = wall_now();
    const auto off = told < now ? now - told : told - now;
    return off < std::chrono::days(7) ? told : now;
}

}  // namespace

Result<bool> AgentHub::is_repeated(Agent& agent, std::int64_t seq) {
    if (agent.run.empty() || seq <= 0) return false;
    if (seq <= TRY(database_.devices().recorded(agent.device.id, agent.run))) return true;
    TRY(database_.devices().set_recorded(agent.device.id, agent.run, seq));
    return false;
}

Status AgentHub::record_step(Agent& agent, const site::StepEvent& event, std::int64_t seq) {
    bool repeated = false;
    TRY(database_.change("record step", [&]() -> Status {
        repeated = TRY(is_repeated(agent, seq));
        if (repeated) return {};
        return database_.progress().append_steps(std::span(&event, 1));
    }));
    if (repeated) return {};
    spdlog::info("{}: step {} ({}) {}{}{}", agent.device.name, event.step_index + 1,
                 event.step_name, to_string(event.outcome), event.message.empty() ? "" : ": ",
                 event.message);
    if (callbacks_.on_step) callbacks_.on_step(event, agent.device.name);
    agent.live.step_index = event.step_index;
    agent.live.step_name = event.step_name;
    agent.live.stage.clear();
    agent.live.progress = 0;
    // A failed step is done again: by the administrator's word it goes on.
    if (event.outcome == site::StepOutcome::started) {
        agent.live.state = site::ProgressState::running;
        agent.live.message.clear();
        agent.live.verified = false;
        agent.idle = false;
    }
    return save(agent);
}

Status AgentHub::on_step(Agent& agent, const Value& message) {
    site::StepEvent event;
    event.deployment_id = agent.live.deployment_id;
    event.device_id = agent.device.id;
    event.step_index = TRY(message.int_at("index"));
    event.step_name = TRY(message.string_at("name"));
    event.message = TRY(message.string_or("message", ""));
    event.output = TRY(message.string_or("output", ""));
    const std::string outcome = TRY(message.string_at("outcome"));
    const auto known = site::step_outcome_from(outcome);
    if (!known) return Error(Errc::invalid_argument, "outcome: " + outcome + " is not known");
    event.outcome = *known;
    event.at = wall_now();
    const std::int64_t seq = TRY(message.int_or("seq", 0));
    TRY(record_step(agent, event, seq));
    if (seq > 0) say(*agent.socket, Value::map().set("type", "logged").set("seq", seq));
    return {};
}

Status AgentHub::on_log(Agent& agent, const Value& message) {
    const Value* list = message.find("lines");
    if (list == nullptr || list->as_list() == nullptr) {
        return message.error("lines: expected a list");
    }
    std::int64_t last = 0;
    TRY(database_.change("record log", [&]() -> Status {
        std::vector<site::LogLine> lines;
        for (const auto& item : *list->as_list()) {
            const std::int64_t seq = TRY(item.int_at("seq"));
            last = std::max(last, seq);
            if (TRY(is_repeated(agent, seq))) continue;
            site::LogLine line;
            line.device_id = agent.device.id;
            line.deployment_id = agent.live.deployment_id;
            line.at = plausible(site::from_unix_milliseconds(TRY(item.int_at("at_ms"))));
            line.level = TRY(item.string_or("level", "info"));
            line.step_index = TRY(item.int_or("step", 0));
            line.text = TRY(item.string_at("text"));
            lines.push_back(std::move(line));
        }
        return database_.progress().append_log(lines);
    }));
    if (last > 0) say(*agent.socket, Value::map().set("type", "logged").set("seq", last));
    return {};
}

// ---- progress and result ----

Status AgentHub::on_progress(Agent& agent, const Value& message) {
    auto& live = agent.live;
    live.stage = TRY(message.string_at("stage"));
    live.progress = std::clamp(TRY(message.number_or("progress", 0)), 0.0, 1.0);
    live.rate_bytes_per_second = TRY(message.number_or("rate_bytes_per_second", 0));
    live.missing_blocks = TRY(message.int_or("missing_blocks", 0));
    live.message = TRY(message.string_or("message", ""));
    live.counters.blocks_received = TRY(message.int_or("blocks_received", 0));
    live.counters.blocks_repaired = TRY(message.int_or("blocks_repaired", 0));
    live.counters.unicast_bytes = TRY(message.int_or("unicast_bytes", 0));
    live.counters.loss = TRY(message.number_or("loss", 0));
    live.counters.seconds = TRY(message.number_or("seconds", 0));
    if (TRY(message.bool_or("paused", false))) live.stage += site::kPausedSuffix;
    live.updated_at = wall_now();
    agent.dirty = true;
    if (callbacks_.on_progress) callbacks_.on_progress(live, agent.device.name);
    return {};
}

// Well ended and with an image applied: done only when the installed system has reported, if it is
// to.
Result<site::ProgressState> AgentHub::final_state(const Agent& agent, site::ProgressState told) {
    if (told != site::ProgressState::succeeded) return told;
    const auto deployment = TRY(database_.deployments().find(agent.live.deployment_id));
    const bool waits = deployment.readiness_minutes > 0 && !deployment.image_ids.empty();
    return waits ? site::ProgressState::applied : told;
}

Status AgentHub::on_result(Agent& agent, const Value& message) {
    const std::string state = TRY(message.string_at("state"));
    const auto known = site::progress_state_from(state);
    if (!known || !site::is_final(*known)) {
        return Error(Errc::invalid_argument, "state: " + state + " is no result");
    }
    agent.live.state = TRY(final_state(agent, *known));
    agent.live.message = TRY(message.string_or("message", ""));
    agent.live.verified = TRY(message.bool_or("verified", false));
    agent.live.stage = agent.live.verified ? "verified" : state;
    agent.live.progress = 1;
    agent.live.rate_bytes_per_second = 0;
    agent.idle = true;
    TRY(save(agent));
    spdlog::info("{}: {}{}{}", agent.device.name, to_string(agent.live.state),
                 agent.live.message.empty() ? "" : ": ", agent.live.message);
    say(*agent.socket, Value::map().set("type", "recorded"));
    // Another deployment may have been made meanwhile.
    return decide(agent);
}

// Nobody has reported in time: it counts as done, and says so.
void AgentHub::settle_applied() {
    const auto applied = database_.progress().applied();
    if (!applied.ok()) return;
    for (auto record : *applied) {
        const auto deployment = database_.deployments().find(record.deployment_id);
        if (!deployment.ok()) continue;
        const auto over = record.updated_at + std::chrono::minutes(deployment->readiness_minutes);
        if (wall_now() < over) continue;
        record.state = site::ProgressState::succeeded;
        record.message = "the installed system has not reported in " +
                         std::to_string(deployment->readiness_minutes) + " minutes";
        record.updated_at = wall_now();
        const Status status = database_.progress().upsert(std::span(&record, 1));
        if (!status.ok()) return;
        Agent* agent = agent_of(record.device_id);
        const bool is_live = agent != nullptr && agent->live.deployment_id == record.deployment_id;
        if (is_live) agent->live = record;
        const auto device = database_.devices().find(record.device_id);
        if (callbacks_.on_progress && device.ok()) callbacks_.on_progress(record, device->name);
    }
}

}  // namespace muster::server
