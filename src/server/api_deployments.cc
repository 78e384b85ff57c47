// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "sequence/task_sequence.h"
#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "site/names.h"
#include "text/yaml.h"

namespace muster::server {

namespace {

Result<Answer> add_sequence(ApiParts& parts, const Value& body) {
    TRY(body.only_keys({"text"}));
    const std::string text = TRY(body.string_at("text"));
    const auto tree = TRY(text::parse_yaml(text, "task sequence"));
    const auto sequence = TRY(sequence::parse(tree));
    TRY(site::check_name("task sequence", sequence.name));
    return Answer{201,
                  document(TRY(parts.database.sequences().add(sequence.name, text, wall_now())))};
}

// The images a sequence names, looked up and their indexes checked.
Result<std::vector<site::ImageId>> images_of(ApiParts& parts, const site::SequenceRecord& record) {
    const auto tree = TRY(text::parse_yaml(record.text, record.name));
    const auto sequence = TRY(sequence::parse(tree));
    std::vector<site::ImageId> ids;
    for (const auto& step : sequence.steps) {
        const auto* apply = std::get_if<sequence::ApplyImage>(&step.parameters);
        if (apply == nullptr) continue;
        const auto image =
            TRY(parts.database.images().find(apply->image).context("step " + step.name));
        TRY(site::image_at(image, apply->index).context("step " + step.name));
        ids.push_back(image.id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

Result<Answer> add_deployment(ApiParts& parts, const Value& body) {
    TRY(body.only_keys({"sequence", "collection", "min_clients", "max_wait_seconds"}));
    const auto record = TRY(parts.database.sequences().find(TRY(body.string_at("sequence"))));
    const auto collection =
        TRY(parts.database.collections().find(TRY(body.string_at("collection"))));
    if (collection.members.empty()) {
        return Error(Errc::invalid_argument, "collection " + collection.name +
                                                 " has no members: muster collection add-member");
    }
    site::Deployment deployment;
    deployment.sequence_id = record.id;
    deployment.collection_id = collection.id;
    deployment.image_ids = TRY(images_of(parts, record));
    deployment.start_rule.min_clients = TRY(body.int_or("min_clients", 1));
    deployment.start_rule.max_wait_seconds = TRY(body.int_or("max_wait_seconds", 0));
    TRY(site::check_start_rule(deployment.start_rule));
    deployment.created_at = wall_now();
    const auto added = TRY(parts.database.deployments().add(deployment));
    parts.agents.reconsider();
    return Answer{201, document(added)};
}

Value session_document(const SessionInfo& info) {
    Value value = document(info.snapshot);
    value.set("session", info.session).set("deployment", info.deployment.value);
    value.set("image", info.image).set("image_bytes", info.image_bytes);
    return value;
}

Result<Answer> show_progress(ApiParts& parts, const Request& request) {
    const site::DeploymentId id(TRY(id_in(request, "deployment")));
    const auto deployment = TRY(parts.database.deployments().find(id));
    const auto collection = TRY(parts.database.collections().find(deployment.collection_id));
    const auto records = TRY(parts.agents.progress(id));
    Value devices = Value::list();
    for (site::DeviceId member : collection.members) {
        const auto device = TRY(parts.database.devices().find(member));
        auto record = std::find_if(records.begin(), records.end(),
                                   [&](const auto& r) { return r.device_id == member; });
        site::DeviceProgress none;
        none.stage = "not connected yet";
        devices.push(document(record == records.end() ? none : *record, device.name));
    }
    Value sessions = Value::list();
    for (const auto& info : parts.sessions.list()) {
        if (info.deployment == id) sessions.push(session_document(info));
    }
    Value value = Value::map();
    value.set("deployment", document(deployment)).set("devices", std::move(devices));
    value.set("sessions", std::move(sessions));
    return Answer{200, std::move(value)};
}

}  // namespace

void add_deployment_routes(Router& router, ApiParts& parts) {
    router.add("GET", "/api/v1/sequences", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& one : TRY(parts.database.sequences().list())) list.push(document(one));
        return Answer{200, Value::map().set("sequences", std::move(list))};
    });
    router.add("POST", "/api/v1/sequences",
               [&parts](const Request& request) { return add_sequence(parts, request.body); });
    router.add("GET", "/api/v1/deployments", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& one : TRY(parts.database.deployments().list())) list.push(document(one));
        return Answer{200, Value::map().set("deployments", std::move(list))};
    });
    router.add("POST", "/api/v1/deployments",
               [&parts](const Request& request) { return add_deployment(parts, request.body); });
    router.add("GET", "/api/v1/deployments/{deployment}/progress",
               [&parts](const Request& request) { return show_progress(parts, request); });
    router.add(
        "POST", "/api/v1/deployments/{deployment}/cancel",
        [&parts](const Request& request) -> Result<Answer> {
            const site::DeploymentId id(TRY(id_in(request, "deployment")));
            TRY(parts.database.deployments().set_state(id, site::DeploymentState::cancelled));
            return Answer{200, document(TRY(parts.database.deployments().find(id)))};
        });
    router.add("GET", "/api/v1/sessions", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& info : parts.sessions.list()) list.push(session_document(info));
        return Answer{200, Value::map().set("sessions", std::move(list))};
    });
    router.add("POST", "/api/v1/sessions/{session}/start",
               [&parts](const Request& request) -> Result<Answer> {
                   const auto id = TRY(id_in(request, "session"));
                   TRY(parts.sessions.start_now(static_cast<std::uint32_t>(id)));
                   return Answer{200, Value::map().set("started", id)};
               });
}

}  // namespace muster::server
