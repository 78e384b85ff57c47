// SPDX-License-Identifier: GPL-3.0-or-later
//
// Connections and what each computer is told. What they report is in agent_reports.cc.
#include "server/agent_hub.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "sequence/task_sequence.h"
#include "server/clock.h"
#include "site/names.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::server {

namespace {
constexpr Duration kFlushInterval = std::chrono::seconds(1);
}

void say(net::WebSocket& socket, const Value& message) { socket.send_text(text::to_json(message)); }

AgentHub::AgentHub(net::Loop& loop, store::SiteDatabase& database, Directory& directory,
                   Callbacks callbacks)
    : loop_(loop), database_(database), directory_(directory), callbacks_(std::move(callbacks)) {
    flush_ = loop_.after(kFlushInterval, [this] { flush(); });
}

AgentHub::~AgentHub() {
    *alive_ = false;
    for (auto& [id, agent] : agents_) {
        if (agent.dirty) (void)save(agent);
    }
}

// ---- connections ----

void AgentHub::accept(std::shared_ptr<net::WebSocket> socket, const site::Device& device) {
    const std::uint64_t id = next_id_++;
    Agent& agent = agents_[id];
    agent.socket = std::move(socket);
    agent.device = device;
    agent.socket->on_closed([this, id, alive = alive_](const std::string& why) {
        if (*alive) on_closed(id, why);
    });
    agent.socket->on_text([this, id, alive = alive_](const std::string& text) {
        if (*alive) on_text(id, text);
    });
}

void AgentHub::on_closed(std::uint64_t id, const std::string& why) {
    auto it = agents_.find(id);
    if (it == agents_.end()) return;
    Agent& agent = it->second;
    spdlog::info("{}: disconnected: {}", agent.device.name, why);
    if (agent.live.state == site::ProgressState::running) {
        agent.live.stage = "not connected";
        agent.live.message = why;
        agent.live.rate_bytes_per_second = 0;
        agent.dirty = true;
    }
    if (agent.dirty) (void)save(agent);
    agents_.erase(it);
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

const AgentHub::Agent* AgentHub::agent_of(site::DeviceId device) const {
    for (const auto& [id, agent] : agents_) {
        if (agent.greeted && agent.device.id == device) return &agent;
    }
    return nullptr;
}

AgentHub::Agent* AgentHub::agent_of(site::DeviceId device) {
    return const_cast<Agent*>(std::as_const(*this).agent_of(device));
}

bool AgentHub::is_connected(site::DeviceId device) const { return agent_of(device) != nullptr; }

void AgentHub::on_device_changed(const site::Device& device) {
    for (auto& [id, agent] : agents_) {
        if (agent.device.id == device.id) agent.device = device;
    }
}

void AgentHub::disconnect(site::DeviceId device, const std::string& why) {
    for (auto it = agents_.begin(); it != agents_.end();) {
        if (it->second.device.id != device) {
            ++it;
            continue;
        }
        it->second.socket->close(why);
        it = agents_.erase(it);
    }
}

// ---- what to do ----

Result<site::Decision> AgentHub::decision_for(const site::Device& device,
                                              site::Environment environment) {
    const auto rooms = TRY(directory_.collections_of(device.id));
    const auto deployments = TRY(database_.deployments().of_collections(rooms));
    const auto progress = TRY(progress_of(device.id));
    const auto armings = TRY(database_.deployments().armings(device.id));
    const auto now = wall_now();
    site::Situation situation{device, deployments, progress, armings, now, environment};
    const auto zone = callbacks_.zone();
    situation.opens = [&](const site::Deployment& deployment) {
        return directory_.opens(deployment.collection_id, zone, now);
    };
    return site::decide(situation);
}

Result<site::Decision> AgentHub::decision_for(const site::Device& device) {
    const auto* agent = agent_of(device.id);
    return decision_for(device, agent ? agent->environment : site::Environment::network_boot);
}

Result<std::string> AgentHub::explain(const site::Device& device) {
    const auto* agent = agent_of(device.id);
    if (agent != nullptr && !agent->idle) {
        const auto& live = agent->live;
        const std::string number = std::to_string(live.deployment_id.value);
        if (live.step_name.empty()) {
            return device.name + " was told to run deployment " + number +
                   ", and has not reported a step yet.";
        }
        return device.name + " is in step '" + live.step_name + "' of deployment " + number +
               (live.stage.empty() ? "" : ": " + live.stage) +
               (live.message.empty() ? "" : ": " + live.message) + ".";
    }
    const auto decision = TRY(decision_for(device));
    if (agent != nullptr || !decision.run) return decision.reason;
    return decision.reason +
           " But it is not connected: it is off, or its agent cannot reach this "
           "server.";
}

Status AgentHub::decide(Agent& agent) {
    const auto decision = TRY(decision_for(agent.device, agent.environment));
    Value message = Value::map();
    agent.idle = !decision.run;
    if (decision.ask_again) ask_again_at(*decision.ask_again);
    if (!decision.run) {
        message.set("type", "idle").set("reason", decision.reason);
    } else {
        message = TRY(order(TRY(database_.deployments().find(*decision.run))));
        agent.live = {};
        agent.live.deployment_id = *decision.run;
        agent.live.device_id = agent.device.id;
        agent.live.state = site::ProgressState::running;
        TRY(save(agent));
    }
    spdlog::info("{}: {}", agent.device.name, decision.reason);
    say(*agent.socket, message);
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

// Once for all changes of a moment, and not within a transaction.
void AgentHub::reconsider() {
    loop_.post([this, alive = alive_] {
        if (*alive) ask_idle();
    });
}

void AgentHub::ask_idle() {
    for (auto& [id, agent] : agents_) {
        if (!agent.greeted || !agent.idle) continue;
        Status status = decide(agent);
        if (!status.ok()) spdlog::warn("{}: {}", agent.device.name, status.error().message());
    }
}

// The earliest moment at which an answer changes by itself.
void AgentHub::ask_again_at(site::WallTime time) {
    if (ask_again_time_ && *ask_again_time_ <= time) return;
    ask_again_time_ = time;
    // Clocks are set; a day is soon enough to look again.
    const auto wait = std::clamp<std::chrono::milliseconds>(
        time - wall_now(), std::chrono::milliseconds(10), std::chrono::hours(24));
    ask_again_ = loop_.after(wait, [this] {
        ask_again_time_.reset();
        ask_idle();
    });
}

// ---- what is known ----

Result<std::vector<site::DeviceProgress>> AgentHub::progress(site::DeploymentId deployment) {
    auto records = TRY(database_.progress().list(deployment));
    std::unordered_map<std::int64_t, const Agent*> live;
    for (const auto& [id, agent] : agents_) {
        if (agent.live.deployment_id == deployment) live[agent.device.id.value] = &agent;
    }
    for (auto& record : records) {
        const auto it = live.find(record.device_id.value);
        if (it != live.end()) record = it->second->live;
    }
    return records;
}

Result<std::vector<site::DeviceProgress>> AgentHub::progress_of(site::DeviceId device) {
    auto records = TRY(database_.progress().for_device(device));
    const auto* agent = agent_of(device);
    for (auto& record : records) {
        if (agent != nullptr && agent->live.deployment_id == record.deployment_id) {
            record = agent->live;
        }
    }
    return records;
}

Status AgentHub::save(Agent& agent) {
    agent.live.updated_at = wall_now();
    agent.dirty = false;
    if (agent.live.deployment_id.value == 0) return {};
    if (callbacks_.on_progress) callbacks_.on_progress(agent.live, agent.device.name);
    return database_.progress().upsert(std::span(&agent.live, 1));
}

void AgentHub::flush() {
    std::vector<site::DeviceProgress> records;
    for (auto& [id, agent] : agents_) {
        if (agent.dirty && agent.live.deployment_id.value != 0) records.push_back(agent.live);
    }
    if (!records.empty()) {
        const Status status = database_.progress().upsert(records);
        if (!status.ok()) {
            spdlog::error("progress is not saved yet: {}", status.error().message());
        } else {
            for (auto& [id, agent] : agents_) agent.dirty = false;
        }
    }
    settle_applied();
    flush_ = loop_.after(kFlushInterval, [this] { flush(); });
}

}  // namespace muster::server
