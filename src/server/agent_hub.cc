// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/agent_hub.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "mcast/packet.h"
#include "sequence/task_sequence.h"
#include "server/clock.h"
#include "site/decide.h"
#include "site/names.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::server {

namespace {
constexpr Duration kFlushInterval = std::chrono::seconds(1);
}

AgentHub::AgentHub(net::Loop& loop, store::SiteDatabase& database)
    : loop_(loop), database_(database) {
    flush_ = loop_.after(kFlushInterval, [this] { flush(); });
}

AgentHub::~AgentHub() {
    *alive_ = false;
    for (auto& [id, agent] : agents_) {
        if (agent.dirty) (void)save(agent);
    }
}

void AgentHub::accept(std::shared_ptr<net::WebSocket> socket, const site::Device& device) {
    const std::uint64_t id = next_id_++;
    Agent& agent = agents_[id];
    agent.socket = std::move(socket);
    agent.device = device;
    agent.socket->on_closed([this, id, alive = alive_](const std::string& why) {
        if (!*alive) return;
        auto it = agents_.find(id);
        if (it == agents_.end()) return;
        spdlog::info("{}: disconnected: {}", it->second.device.name, why);
        auto& live = it->second.live;
        if (live.state == site::ProgressState::running) {
            live.stage = "not connected";
            live.message = why;
            live.rate_bytes_per_second = 0;
            it->second.dirty = true;
        }
        if (it->second.dirty) (void)save(it->second);
        agents_.erase(it);
    });
    agent.socket->on_text([this, id, alive = alive_](const std::string& text) {
        if (*alive) on_text(id, text);
    });
}

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
    refusal.set("type", "refused").set("reason", status.error().message());
    it->second.socket->send_text(text::to_json(refusal));
    it->second.socket->close(status.error().message());
}

Status AgentHub::on_message(Agent& agent, const Value& message) {
    const std::string type = TRY(message.string_at("type"));
    if (type == "hello") return on_hello(agent, message);
    if (!agent.greeted) return Error(Errc::invalid_argument, "expected a hello first");
    if (type == "step") return on_numbered_step(agent, message);
    if (type == "log") return on_log(agent, message);
    if (type == "controlled") return on_controlled(agent, message);
    if (type == "progress") return on_progress(agent, message);
    if (type == "result") return on_result(agent, message);
    return Error(Errc::invalid_argument, "message of unknown type " + type);
}

Status AgentHub::on_hello(Agent& agent, const Value& message) {
    const std::int64_t version = TRY(message.int_at("protocol"));
    if (version != mcast::kProtocolVersion) {
        return Error(Errc::version_mismatch,
                     "protocol version " + std::to_string(version) +
                         " of the agent is not version " + std::to_string(mcast::kProtocolVersion) +
                         " of this server: install the same muster on both");
    }
    agent.greeted = true;
    note_run(agent, message);
    spdlog::info("{}: connected from {}", agent.device.name, agent.socket->peer().to_string());
    forget_earlier_connections(agent);
    if (!TRY(message.bool_or("working", false))) return decide(agent);
    return take_up(agent, site::DeploymentId(TRY(message.int_at("deployment"))));
}

// A computer that was switched off leaves a connection behind that nobody has closed.
void AgentHub::forget_earlier_connections(const Agent& agent) {
    for (auto it = agents_.begin(); it != agents_.end();) {
        if (&it->second == &agent || it->second.device.id != agent.device.id) {
            ++it;
            continue;
        }
        it->second.socket->close("this computer has connected again");
        it = agents_.erase(it);
    }
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
    return {};
}

Status AgentHub::decide(Agent& agent) {
    const auto deployments = TRY(database_.deployments().for_device(agent.device.id));
    const auto progress = TRY(database_.progress().for_device(agent.device.id));
    const auto decision = site::decide(agent.device, deployments, progress);
    Value message = Value::map();
    agent.idle = !decision.run;
    if (!decision.run) {
        message.set("type", "idle").set("reason", decision.reason);
    } else {
        auto deployment = std::find_if(deployments.begin(), deployments.end(),
                                       [&](const auto& d) { return d.id == *decision.run; });
        message = TRY(order(*deployment));
        agent.live = {};
        agent.live.deployment_id = *decision.run;
        agent.live.device_id = agent.device.id;
        agent.live.state = site::ProgressState::running;
        TRY(save(agent));
    }
    spdlog::info("{}: {}", agent.device.name, decision.reason);
    agent.socket->send_text(text::to_json(message));
    return {};
}

namespace {

// What an agent has to know of an image before it takes it.
Value image_document(const site::Deployment& deployment, const site::ImagePackage& image) {
    Value value = Value::map();
    value.set("content_id", image.content_id).set("image_bytes", image.image_bytes);
    value.set("member", "/api/v1/deployments/" + std::to_string(deployment.id.value) + "/images/" +
                            std::to_string(image.id.value) + "/member");
    Value indexes = Value::map();
    for (const auto& one : image.images) indexes.set(std::to_string(one.index), one.total_bytes);
    value.set("indexes", std::move(indexes));
    return value;
}

}  // namespace

Result<Value> AgentHub::order(const site::Deployment& deployment) {
    const auto record = TRY(database_.sequences().find(deployment.sequence_id));
    const auto tree = TRY(text::parse_yaml(record.text, record.name));
    const auto sequence = TRY(sequence::parse(tree));
    Value images = Value::map();
    for (const auto& step : sequence.steps) {
        const auto* apply = std::get_if<sequence::ApplyImage>(&step.parameters);
        if (apply == nullptr) continue;
        // The version the deployment was made with, not the newest.
        for (site::ImageId id : deployment.image_ids) {
            const auto image = TRY(database_.images().find(id));
            const bool named = site::name_key(image.name) == site::name_key(apply->image) ||
                               std::to_string(id.value) == apply->image;
            if (named) images.set(apply->image, image_document(deployment, image));
        }
    }
    Value message = Value::map();
    message.set("type", "order").set("deployment", deployment.id.value);
    message.set("sequence", sequence::to_value(sequence)).set("images", std::move(images));
    return message;
}

void AgentHub::reconsider() {
    for (auto& [id, agent] : agents_) {
        if (!agent.greeted || !agent.idle) continue;
        Status status = decide(agent);
        if (!status.ok()) spdlog::warn("{}: {}", agent.device.name, status.error().message());
    }
}

// ---- reports ----

Status AgentHub::on_step(Agent& agent, const Value& message) {
    site::StepEvent event;
    event.deployment_id = agent.live.deployment_id;
    event.device_id = agent.device.id;
    event.step_index = TRY(message.int_at("index"));
    event.step_name = TRY(message.string_at("name"));
    event.message = TRY(message.string_or("message", ""));
    const std::string outcome = TRY(message.string_at("outcome"));
    const auto known = site::step_outcome_from(outcome);
    if (!known) return Error(Errc::invalid_argument, "outcome: " + outcome + " is not known");
    event.outcome = *known;
    event.at = wall_now();
    TRY(database_.progress().append_steps(std::span(&event, 1)));
    spdlog::info("{}: step {} ({}) {}{}{}", agent.device.name, event.step_index + 1,
                 event.step_name, outcome, event.message.empty() ? "" : ": ", event.message);
    agent.live.step_index = event.step_index;
    agent.live.step_name = event.step_name;
    agent.live.stage.clear();
    agent.live.progress = 0;
    return save(agent);
}

Status AgentHub::on_progress(Agent& agent, const Value& message) {
    auto& live = agent.live;
    live.stage = TRY(message.string_at("stage"));
    if (TRY(message.bool_or("paused", false))) live.stage += " (paused)";
    live.progress = TRY(message.number_or("progress", 0));
    live.rate_bytes_per_second = TRY(message.number_or("rate_bytes_per_second", 0));
    live.missing_blocks = TRY(message.int_or("missing_blocks", 0));
    live.message = TRY(message.string_or("message", ""));
    live.counters.blocks_received = TRY(message.int_or("blocks_received", 0));
    live.counters.blocks_repaired = TRY(message.int_or("blocks_repaired", 0));
    live.counters.unicast_bytes = TRY(message.int_or("unicast_bytes", 0));
    live.counters.loss = TRY(message.number_or("loss", 0));
    live.counters.seconds = TRY(message.number_or("seconds", 0));
    live.updated_at = wall_now();
    agent.dirty = true;
    return {};
}

Status AgentHub::on_result(Agent& agent, const Value& message) {
    const std::string state = TRY(message.string_at("state"));
    const auto known = site::progress_state_from(state);
    if (!known || !site::is_final(*known)) {
        return Error(Errc::invalid_argument, "state: " + state + " is no result");
    }
    agent.live.state = *known;
    agent.live.message = TRY(message.string_or("message", ""));
    agent.live.verified = TRY(message.bool_or("verified", false));
    agent.live.stage = agent.live.verified ? "verified" : state;
    agent.live.progress = 1;
    agent.live.rate_bytes_per_second = 0;
    agent.idle = true;
    TRY(save(agent));
    spdlog::info("{}: {}{}{}", agent.device.name, state, agent.live.message.empty() ? "" : ": ",
                 agent.live.message);
    Value answer = Value::map();
    answer.set("type", "recorded");
    agent.socket->send_text(text::to_json(answer));
    // Another deployment may have been made meanwhile.
    return decide(agent);
}

Status AgentHub::save(Agent& agent) {
    agent.live.updated_at = wall_now();
    agent.dirty = false;
    if (agent.live.deployment_id.value == 0) return {};
    return database_.progress().upsert(std::span(&agent.live, 1));
}

void AgentHub::flush() {
    std::vector<site::DeviceProgress> records;
    for (auto& [id, agent] : agents_) {
        if (agent.dirty && agent.live.deployment_id.value != 0) records.push_back(agent.live);
        agent.dirty = false;
    }
    if (!records.empty()) {
        Status status = database_.progress().upsert(records);
        if (!status.ok()) spdlog::error("progress not saved: {}", status.error().message());
    }
    flush_ = loop_.after(kFlushInterval, [this] { flush(); });
}

Result<std::vector<site::DeviceProgress>> AgentHub::progress(site::DeploymentId deployment) {
    auto records = TRY(database_.progress().list(deployment));
    for (auto& record : records) {
        for (const auto& [id, agent] : agents_) {
            if (agent.live.deployment_id == deployment && agent.device.id == record.device_id) {
                record = agent.live;
            }
        }
    }
    return records;
}

}  // namespace muster::server
