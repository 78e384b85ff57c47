// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include <spdlog/spdlog.h>

#include "sequence/task_sequence.h"
#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "server/formats.h"
#include "site/names.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::server {

namespace {

using site::Deployment;

Result<Deployment> deployment_in(ApiParts& parts, const Request& request) {
    return parts.database.deployments().find(site::DeploymentId(TRY(id_in(request, "deployment"))));
}

// How its computers fare, by state.
Result<Value> counts_of(ApiParts& parts, const Deployment& deployment) {
    std::map<std::string, std::int64_t> counts;
    const auto members = TRY(parts.directory.members(deployment.collection_id));
    std::int64_t waiting = static_cast<std::int64_t>(members.size());
    for (const auto& record : TRY(parts.agents.progress(deployment.id))) {
        if (!std::binary_search(members.begin(), members.end(), record.device_id)) continue;
        ++counts[std::string(to_string(record.state))];
        --waiting;
    }
    counts["waiting"] += waiting;
    Value value = Value::map();
    for (const auto& [state, count] : counts) value.set(state, count);
    return value;
}

Result<Value> deployment_document(ApiParts& parts, const Deployment& deployment) {
    Value value = document(deployment);
    Value images = Value::list();
    for (auto id : deployment.image_ids) {
        images.push(TRY(parts.database.images().find(id)).name);
    }
    value.set("images", std::move(images));
    for (const auto& point : TRY(parts.database.points().list())) {
        const bool own = deployment.point_id.value == 0 || deployment.point_id == point.id;
        if (own && value.find("point") == nullptr) value.set("point", point.name);
    }
    return std::move(value.set("counts", TRY(counts_of(parts, deployment))));
}

// The images a sequence names, looked up, their indexes checked, and fit to be sent.
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
        if (image.state == site::ImageState::damaged) {
            return Error(Errc::corrupt, "step " + step.name + ": image " + image.name +
                                            " is damaged on the distribution point (muster image "
                                            "validate " +
                                            image.name + ")");
        }
        if (!image.allow_multicast) {
            return Error(Errc::invalid_argument,
                         "step " + step.name + ": image " + image.name +
                             " is not allowed to be transferred via multicast (muster image set " +
                             image.name + " allow_multicast=true), and there is no other way yet");
        }
        ids.push_back(image.id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

Result<site::WallTime> time_in(const Value& body, std::string_view key) {
    const Value* text = body.find(key);
    if (text == nullptr || text->as_string() == nullptr) return site::WallTime();
    return site::parse_time(*text->as_string(), find_zone).context(key);
}

Result<site::StartRule> start_rule(ApiParts& parts, const Value& body) {
    site::StartRule rule;
    const Value* start = body.find("start");
    if (start == nullptr) {
        const auto point = TRY(parts.database.points().list()).at(0);
        const auto settings =
            TRY(point_settings(TRY(point_settings_document(point.settings, parts.description))));
        // A delay of nothing is the first computer's.
        if (settings.scheduled_multicast && settings.session_start_delay_minutes > 0) {
            rule.min_clients = settings.minimum_session_size;
            rule.max_wait_seconds = 60 * settings.session_start_delay_minutes;
        }
        return rule;
    }
    rule.min_clients = TRY(start->int_or("clients", 0));
    rule.max_wait_seconds = TRY(start->int_or("delay_seconds", 0));
    rule.at = TRY(time_in(*start, "at").context("start"));
    rule.when_all = TRY(start->bool_or("when_all", false));
    rule.by_hand = TRY(start->bool_or("by_hand", false));
    // At once: no delay was asked for, or nothing at all.
    const bool at_once = start->find("delay_seconds") != nullptr && rule.max_wait_seconds == 0;
    const bool waits = rule.min_clients > 0 || rule.max_wait_seconds > 0 || site::is_set(rule.at) ||
                       rule.when_all || rule.by_hand;
    if (!rule.by_hand && (at_once || !waits)) rule.min_clients = 1;
    TRY(site::check_start_rule(rule));
    return rule;
}

// A large collection is named together with its size, or it was a slip of the finger.
Status check_risk(const SiteSettings& settings, const site::Collection& collection,
                  std::int64_t members, const Value& body) {
    if (members == 0) {
        return Error(Errc::invalid_argument,
                     "collection " + collection.name +
                         " has no members: muster collection add-member, or a rule");
    }
    const std::string count = std::to_string(members);
    if (settings.high_risk_maximum > 0 && members > settings.high_risk_maximum) {
        return Error(Errc::invalid_argument,
                     "collection " + collection.name + " has " + count +
                         " computers; the site allows " +
                         std::to_string(settings.high_risk_maximum) +
                         " at most (muster settings set high_risk_maximum=...)");
    }
    if (settings.high_risk_size == 0 || members <= settings.high_risk_size) return {};
    const auto confirmed = TRY(body.int_or("confirm_count", 0));
    if (confirmed == members) return {};
    return Error(Errc::invalid_argument,
                 "confirm_count: collection " + collection.name + " has " + count +
                     " computers, which is a high-risk deployment; confirm with that number "
                     "(--confirm " +
                     count + ")");
}

Status check_times(const Deployment& deployment) {
    const auto wrong = [](const char* key, const char* words) {
        return Error(Errc::invalid_argument, std::string(key) + ": " + words);
    };
    const bool expires = site::is_set(deployment.expires);
    if (site::is_set(deployment.deadline)) {
        if (deployment.purpose == site::DeploymentPurpose::available) {
            return wrong("deadline", "only a required deployment has one");
        }
        if (deployment.deadline < deployment.available_from) {
            return wrong("deadline", "it is before available_from");
        }
        if (expires && deployment.expires <= deployment.deadline) {
            return wrong("expires", "it is not after the deadline");
        }
    }
    if (expires && deployment.expires <= deployment.available_from) {
        return wrong("expires", "it is not after available_from");
    }
    return {};
}

Status take_options(const Value& body, Deployment& deployment) {
    deployment.purpose = *site::deployment_purpose_from(TRY(body.string_at("purpose")));
    deployment.comment = TRY(body.string_at("comment"));
    deployment.rerun = *site::rerun_from(TRY(body.string_at("rerun")));
    deployment.offered_to.clear();
    for (const auto& place : *body.find("offered_to")->as_list()) {
        deployment.offered_to.push_back(*site::environment_from(*place.as_string()));
    }
    deployment.wake_on_lan = TRY(body.bool_at("wake_on_lan"));
    deployment.ignore_windows = TRY(body.bool_at("ignore_maintenance_windows"));
    deployment.readiness_minutes = TRY(body.int_at("readiness_minutes"));
    deployment.available_from = TRY(time_in(body, "available_from"));
    deployment.deadline = TRY(time_in(body, "deadline"));
    deployment.expires = TRY(time_in(body, "expires"));
    const auto hours = TRY(body.int_at("armed_hours"));
    const auto begin =
        std::max({deployment.created_at, deployment.available_from, deployment.deadline});
    if (hours > 0) deployment.armed_until = begin + std::chrono::hours(hours);
    return check_times(deployment);
}

Result<Answer> add_deployment(ApiParts& parts, const Value& body) {
    const auto record =
        TRY(named("sequence", parts.database.sequences().find(TRY(body.string_at("sequence")))));
    const auto collection = TRY(
        named("collection", parts.database.collections().find(TRY(body.string_at("collection")))));
    const auto settings = TRY(site_settings(parts.database, parts.description));
    const auto members = TRY(parts.directory.members(collection.id));
    TRY(check_risk(settings, collection, static_cast<std::int64_t>(members.size()), body));
    Deployment deployment;
    deployment.sequence_id = record.id;
    deployment.collection_id = collection.id;
    deployment.image_ids = TRY(named("sequence", images_of(parts, record)));
    deployment.created_at = wall_now();
    deployment.start_rule = TRY(start_rule(parts, body));
    deployment.time_zone = TRY(body.string_or("time_zone", settings.time_zone));
    TRY(take_options(body, deployment));
    const std::string point = TRY(body.string_or("point", ""));
    if (!point.empty()) {
        deployment.point_id = TRY(named("point", parts.database.points().find(point))).id;
    }
    const auto added = TRY(parts.database.deployments().add(deployment));
    return Answer{201, TRY(deployment_document(parts, added)), [&parts, added] {
                      const bool begun = beginning(added) <= added.created_at;
                      if (added.wake_on_lan && begun) parts.wake(added);
                      parts.wake_up.reconsider();
                      parts.agents.reconsider();
                  }};
}

Result<Answer> set_deployment(ApiParts& parts, const Request& request) {
    auto deployment = TRY(deployment_in(parts, request));
    const Value& body = request.body;
    deployment.comment = TRY(body.string_or("comment", deployment.comment));
    for (const auto& [key, target] :
         {std::pair("available_from", &deployment.available_from),
          std::pair("deadline", &deployment.deadline), std::pair("expires", &deployment.expires)}) {
        if (body.find(key) != nullptr) *target = TRY(time_in(body, key));
    }
    const std::string rerun =
        TRY(body.string_or("rerun", std::string(to_string(deployment.rerun))));
    deployment.rerun = *site::rerun_from(rerun);
    deployment.ignore_windows =
        TRY(body.bool_or("ignore_maintenance_windows", deployment.ignore_windows));
    deployment.readiness_minutes =
        TRY(body.int_or("readiness_minutes", deployment.readiness_minutes));
    TRY(check_times(deployment));
    TRY(parts.database.deployments().change(deployment));
    return Answer{200, TRY(deployment_document(parts, deployment)), [&parts] {
                      parts.wake_up.reconsider();
                      parts.agents.reconsider();
                  }};
}

// ---- the room ----

Result<Value> devices_of(ApiParts& parts, const Deployment& deployment) {
    const auto members = TRY(parts.directory.members(deployment.collection_id));
    const auto records = TRY(parts.agents.progress(deployment.id));
    Value devices = Value::list();
    for (site::DeviceId member : members) {
        const auto device = TRY(parts.database.devices().find(member));
        auto record = std::find_if(records.begin(), records.end(),
                                   [&](const auto& r) { return r.device_id == member; });
        site::DeviceProgress none;
        none.stage = parts.agents.is_connected(member) ? "connected" : "not connected yet";
        devices.push(document(record == records.end() ? none : *record, device.name));
    }
    return devices;
}

Result<Answer> show_progress(ApiParts& parts, const Request& request) {
    const auto deployment = TRY(deployment_in(parts, request));
    Value sessions = Value::list();
    for (const auto& info : parts.sessions.list()) {
        if (info.deployment == deployment.id) sessions.push(session_document(info));
    }
    Value value = Value::map();
    value.set("deployment", TRY(deployment_document(parts, deployment)));
    value.set("devices", TRY(devices_of(parts, deployment)));
    value.set("sessions", std::move(sessions));
    return Answer{200, std::move(value)};
}

std::string csv_cell(const Value* value) {
    if (value == nullptr || value->is_null()) return "";
    const auto* text = value->as_string();
    std::string cell = text != nullptr ? *text : muster::text::to_json(*value);
    // A cell that begins so would be a formula in a spreadsheet.
    if (text != nullptr && !cell.empty() &&
        std::string_view("=+-@").find(cell[0]) != std::string_view::npos) {
        cell.insert(0, "'");
    }
    if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

Result<Answer> report(ApiParts& parts, const Request& request) {
    const auto deployment = TRY(deployment_in(parts, request));
    constexpr const char* kColumns[] = {"device",    "state",           "step",
                                        "stage",     "progress",        "message",
                                        "seconds",   "blocks_received", "blocks_repaired",
                                        "loss",      "unicast_bytes",   "verified",
                                        "updated_at"};
    Answer answer;
    answer.content_type = "text/csv";
    for (const char* column : kColumns) {
        answer.text += (answer.text.empty() ? "" : ",") + std::string(column);
    }
    answer.text += "\r\n";
    const Value devices = TRY(devices_of(parts, deployment));
    for (const auto& device : *devices.as_list()) {
        std::string line;
        for (const char* column : kColumns) {
            line += (column == kColumns[0] ? "" : ",") + csv_cell(device.find(column));
        }
        answer.text += line + "\r\n";
    }
    return answer;
}

// ---- orders ----

Result<std::vector<site::Device>> devices_in(ApiParts& parts, const Deployment& deployment,
                                             const Value& body) {
    std::vector<site::Device> devices;
    const auto& names = *body.find("devices")->as_list();
    for (const auto& name : names) {
        const auto device = TRY(named("devices", parts.database.devices().find(*name.as_string())));
        if (!TRY(parts.directory.is_member(device.id, deployment.collection_id))) {
            return Error(Errc::invalid_argument,
                         "devices: " + device.name + " is not in " + deployment.collection_name);
        }
        devices.push_back(device);
    }
    if (!names.empty()) return devices;
    for (auto id : TRY(parts.directory.members(deployment.collection_id))) {
        devices.push_back(TRY(parts.database.devices().find(id)));
    }
    return devices;
}

Result<Answer> set_state(ApiParts& parts, const Request& request, site::DeploymentState state,
                         const std::string& action) {
    auto deployment = TRY(deployment_in(parts, request));
    if (deployment.state == site::DeploymentState::cancelled && state != deployment.state) {
        return Error(Errc::busy, "deployment " + std::to_string(deployment.id.value) +
                                     " was cancelled; deploy again");
    }
    std::string why = TRY(request.body.string_at("reason"));
    if (why.empty()) why = request.who.name;
    TRY(parts.database.deployments().set_state(deployment.id, state));
    deployment.state = state;
    return Answer{200, TRY(deployment_document(parts, deployment)),
                  [&parts, deployment, action, why] {
                      parts.agents.control(deployment.id, {}, action, why);
                      if (action == "cancel") {
                          const Status ended = parts.agents.end_absent(deployment.id);
                          if (!ended.ok()) spdlog::warn("{}", ended.error().message());
                          parts.sessions.end_of(deployment.id, "cancelled");
                      }
                      parts.agents.reconsider();
                  }};
}

Result<Answer> arm(ApiParts& parts, const Request& request, bool clear) {
    const auto deployment = TRY(deployment_in(parts, request));
    site::Arming arming;
    arming.deployment_id = deployment.id;
    arming.at = wall_now();
    arming.until = arming.at + std::chrono::hours(TRY(request.body.int_at("hours")));
    arming.who = request.who.name;
    Value names = Value::list();
    for (const auto& device : TRY(devices_in(parts, deployment, request.body))) {
        if (clear) TRY(parts.database.deployments().clear(deployment.id, device.id));
        arming.device_id = device.id;
        TRY(parts.database.deployments().arm(arming));
        names.push(device.name);
    }
    Value value = Value::map().set("devices", std::move(names));
    value.set("until", time_document(arming.until));
    return Answer{200, std::move(value), [&parts] { parts.agents.reconsider(); }};
}

Result<Answer> clear_required(ApiParts& parts, const Request& request) {
    const auto deployment = TRY(deployment_in(parts, request));
    for (const auto& device : TRY(devices_in(parts, deployment, request.body))) {
        for (const auto& record : TRY(parts.agents.progress_of(device.id))) {
            if (record.deployment_id != deployment.id ||
                record.state != site::ProgressState::running ||
                !parts.agents.is_connected(device.id)) {
                continue;
            }
            return Error(Errc::busy, device.name + " is running it: cancel that first");
        }
    }
    return arm(parts, request, true);
}

Result<Answer> control(ApiParts& parts, const Request& request) {
    const auto deployment = TRY(deployment_in(parts, request));
    const auto devices = TRY(devices_in(parts, deployment, request.body));
    const std::string action = TRY(request.body.string_at("action"));
    std::vector<site::DeviceId> ids;
    for (const auto& device : devices) ids.push_back(device.id);
    const auto told =
        parts.agents.control(deployment.id, ids, action, TRY(request.body.string_at("reason")));
    Value reached = Value::list();
    Value others = Value::list();
    for (const auto& device : devices) {
        const bool was_told = std::find(told.begin(), told.end(), device.name) != told.end();
        (was_told ? reached : others).push(device.name);
    }
    Value value = Value::map().set("told", std::move(reached));
    return Answer{202, std::move(value.set("not_connected", std::move(others)))};
}

Result<Answer> explain(ApiParts& parts, const Request& request) {
    const auto deployment = TRY(deployment_in(parts, request));
    Value items = Value::list();
    std::size_t connected = 0;
    const auto members = TRY(parts.directory.members(deployment.collection_id));
    for (auto id : members) {
        const auto device = TRY(parts.database.devices().find(id));
        connected += parts.agents.is_connected(id) ? 1 : 0;
        Value item = Value::map().set("device", device.name);
        items.push(std::move(item.set("reason", TRY(parts.agents.explain(device)))));
    }
    std::string reason = "deployment " + std::to_string(deployment.id.value) + " is " +
                         std::string(to_string(deployment.state)) + "; " +
                         std::to_string(connected) + " of " + std::to_string(members.size()) +
                         " computers are connected.";
    for (const auto& info : parts.sessions.list()) {
        if (info.deployment == deployment.id) reason += " " + parts.sessions.explain(info);
    }
    Value value = Value::map().set("reason", reason);
    return Answer{200, std::move(value.set("items", std::move(items)))};
}

Result<Answer> list_deployments(ApiParts& parts, const Request& request) {
    const auto limit = TRY(request.query.int_or("limit", 100));
    const auto state = site::deployment_state_from(TRY(request.query.string_or("state", "")));
    const std::string room = TRY(request.query.string_or("collection", ""));
    std::optional<site::CollectionId> collection;
    if (!room.empty()) {
        collection = TRY(named("collection", parts.database.collections().find(room))).id;
    }
    const auto list = TRY(parts.database.deployments().page(TRY(request.query.int_or("before", 0)),
                                                            limit, state, collection));
    Value items = Value::list();
    for (const auto& each : list) items.push(document(each));
    Value value = Value::map().set("items", std::move(items));
    if (static_cast<std::int64_t>(list.size()) == limit) value.set("next", list.back().id.value);
    return Answer{200, std::move(value)};
}

}  // namespace

void add_deployment_operations(Router& router, ApiParts& parts) {
    const auto on = [&](std::string_view operation, auto handler) {
        router.on(operation, [&parts, handler](const Request& request) -> Result<Answer> {
            return handler(parts, request);
        });
    };
    using State = site::DeploymentState;
    on("listDeployments", list_deployments);
    on("addDeployment",
       [](ApiParts& p, const Request& request) { return add_deployment(p, request.body); });
    on("showDeployment", [](ApiParts& p, const Request& request) -> Result<Answer> {
        return Answer{200, TRY(deployment_document(p, TRY(deployment_in(p, request))))};
    });
    on("setDeployment", set_deployment);
    on("showProgress", show_progress);
    on("reportDeployment", report);
    on("cancelDeployment", [](ApiParts& p, const Request& request) {
        return set_state(p, request, State::cancelled, "cancel");
    });
    on("pauseDeployment", [](ApiParts& p, const Request& request) {
        return set_state(p, request, State::paused, "pause");
    });
    on("resumeDeployment", [](ApiParts& p, const Request& request) {
        return set_state(p, request, State::active, "resume");
    });
    on("armDeployment", [](ApiParts& p, const Request& request) { return arm(p, request, false); });
    on("clearDeployment", clear_required);
    on("controlDeployment", control);
    on("explainDeployment", explain);
}

}  // namespace muster::server
