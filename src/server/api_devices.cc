// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "server/identity.h"
#include "site/device_import.h"
#include "text/json.h"

namespace muster::server {

namespace {

std::vector<std::string> texts_at(const Value& body, std::string_view key) {
    std::vector<std::string> texts;
    if (const Value* list = body.find(key)) {
        for (const auto& item : *list->as_list()) texts.push_back(*item.as_string());
    }
    return texts;
}

Result<site::Device> device_in(ApiParts& parts, const Request& request) {
    return parts.database.devices().find(request.path.at("device"));
}

Value short_document(ApiParts& parts, const site::Device& device) {
    Value value = document(device);
    return std::move(value.set("connected", parts.agents.is_connected(device.id)));
}

Result<Value> full_document(ApiParts& parts, const site::Device& device) {
    Value value = short_document(parts, device);
    auto asset = text::parse_json(device.asset);
    value.set("asset", asset.ok() ? *asset : Value::map());
    value.set("variables", document(TRY(parts.database.devices().variables(device.id))));
    Value collections = Value::list();
    const auto names = TRY(parts.directory.names());
    for (auto id : TRY(parts.directory.collections_of(device.id))) collections.push(names.at(id));
    return std::move(value.set("collections", std::move(collections)));
}

Result<Answer> list_devices(ApiParts& parts, const Request& request) {
    const auto page = TRY(page_of(request));
    const auto approval = site::approval_from(TRY(request.query.string_or("approval", "")));
    const std::string room = TRY(request.query.string_or("collection", ""));
    std::optional<std::vector<site::DeviceId>> among;
    if (!room.empty()) {
        const auto found = TRY(named("collection", parts.database.collections().find(room)));
        among = TRY(parts.directory.members(found.id));
    }
    const auto devices =
        TRY(parts.database.devices().page(page, approval, among ? &*among : nullptr));
    return Answer{200, page_document(devices, page.limit, [&](const site::Device& device) {
                      return short_document(parts, device);
                  })};
}

Result<Answer> add_device(ApiParts& parts, const Value& body) {
    site::Device device;
    device.name = TRY(body.string_at("name"));
    device.macs = texts_at(body, "macs");
    device.smbios_uuid = TRY(body.string_at("smbios_uuid"));
    device.serial = TRY(body.string_at("serial"));
    device.comment = TRY(body.string_at("comment"));
    device.created_at = wall_now();
    const auto added = TRY(parts.database.devices().add(device));
    parts.directory.invalidate();
    return Answer{201, TRY(full_document(parts, added)), membership_changed(parts)};
}

Result<Answer> set_device(ApiParts& parts, const Request& request) {
    auto device = TRY(device_in(parts, request));
    const Value& body = request.body;
    device.name = TRY(body.string_or("name", device.name));
    if (body.find("macs") != nullptr) device.macs = texts_at(body, "macs");
    device.smbios_uuid = TRY(body.string_or("smbios_uuid", device.smbios_uuid));
    device.serial = TRY(body.string_or("serial", device.serial));
    device.comment = TRY(body.string_or("comment", device.comment));
    TRY(parts.database.devices().change(device));
    parts.directory.invalidate();
    const auto changed = TRY(parts.database.devices().find(device.id));
    return Answer{200, TRY(full_document(parts, changed)), [&parts, changed] {
                      parts.agents.on_device_changed(changed);
                      membership_changed(parts)();
                  }};
}

Result<Answer> approve(ApiParts& parts, const Request& request) {
    auto device = TRY(device_in(parts, request));
    device.approval = site::Approval::approved;
    TRY(parts.database.devices().change(device));
    parts.directory.invalidate();
    return Answer{200, TRY(full_document(parts, device)), [&parts, device] {
                      parts.agents.on_device_changed(device);
                      membership_changed(parts)();
                  }};
}

Result<Answer> remove_device(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    TRY(parts.database.devices().remove(device.id));
    Answer answer = removed(device.name);
    answer.after = [&parts, device] {
        parts.sessions.revoke(device.name, "this computer was removed from the site");
        parts.agents.disconnect(device.id, "this computer was removed from the site");
        membership_changed(parts)();
    };
    return answer;
}

Status add_row(ApiParts& parts, const site::ImportRow& row) {
    site::Device device;
    device.name = row.name;
    device.macs = row.macs;
    device.smbios_uuid = row.smbios_uuid;
    device.serial = row.serial;
    device.created_at = wall_now();
    const auto added = TRY(parts.database.devices().add(device));
    for (const auto& [name, value] : row.variables) {
        TRY(parts.database.devices().set_variable(added.id, {name, value, false}));
    }
    if (row.collection.empty()) return {};
    const auto room = TRY(named("collection", parts.database.collections().find(row.collection)));
    return parts.database.collections().add_member(room.id, added.id);
}

// All or none: the transaction of the change is undone with the first line that does not fit.
Result<Answer> import_devices(ApiParts& parts, const Value& body) {
    const auto file = site::parse_device_import(TRY(body.string_at("csv")));
    if (!file.faults.empty()) {
        std::string words;
        for (const auto& fault : file.faults) {
            words += (words.empty() ? "" : "\n") + to_string(fault);
        }
        return Error(Errc::invalid_argument, words);
    }
    Value names = Value::list();
    for (const auto& row : file.rows) {
        TRY(add_row(parts, row).context("line " + std::to_string(row.line)));
        names.push(row.name);
    }
    Value value = Value::map();
    value.set("added", std::uint64_t{file.rows.size()}).set("names", std::move(names));
    return Answer{201, std::move(value), membership_changed(parts)};
}

Result<Answer> control(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    const std::string action = TRY(request.body.string_at("action"));
    const std::string reason = TRY(request.body.string_at("reason"));
    if (!parts.agents.is_connected(device.id)) {
        return Error(Errc::busy, device.name + " is not connected, so it cannot be told");
    }
    Answer answer;
    answer.body = request.body;  // what was ordered, for the audit
    answer.later = [&parts, device, action, reason](const Answer::Answerer& respond) {
        const auto done = [respond, name = device.name](const AgentHub::ControlAnswer& said) {
            Value body = Value::map();
            if (!said.answered) {
                body.set("message", name + " was told, but has not answered yet");
                return respond(Answer{202, std::move(body)});
            }
            if (!said.accepted) return respond(Error(Errc::busy, name + ": " + said.message));
            respond(Answer{200, std::move(body.set("message", name + ": " + said.message))});
        };
        const Status told = parts.agents.control(device, action, reason, done);
        if (!told.ok()) respond(told.error());
    };
    return answer;
}

Result<Answer> set_variable(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    site::Variable variable;
    variable.name = request.path.at("variable");
    variable.value = TRY(request.body.string_at("value"));
    variable.secret = TRY(request.body.bool_at("secret"));
    TRY(parts.database.devices().set_variable(device.id, variable));
    parts.directory.invalidate();
    return Answer{200, TRY(full_document(parts, device)), membership_changed(parts)};
}

Result<Answer> show_history(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    const auto steps = TRY(parts.database.progress().steps(device.id));
    Value list = Value::list();
    for (const auto& record : TRY(parts.agents.progress_of(device.id))) {
        Value own = Value::list();
        for (const auto& step : steps) {
            if (step.deployment_id == record.deployment_id) own.push(document(step));
        }
        Value item = Value::map();
        item.set("deployment", record.deployment_id.value);
        item.set("progress", document(record, device.name));
        list.push(std::move(item.set("steps", std::move(own))));
    }
    return Answer{200, Value::map().set("items", std::move(list))};
}

Result<Answer> show_log(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    const auto limit = TRY(request.query.int_or("limit", 100));
    const auto lines =
        TRY(parts.database.progress().log(device.id, TRY(request.query.int_or("after", 0)), limit));
    Value list = Value::list();
    for (const auto& line : lines) list.push(document(line));
    Value value = Value::map().set("items", std::move(list));
    if (static_cast<std::int64_t>(lines.size()) == limit) value.set("next", lines.back().id);
    return Answer{200, std::move(value)};
}

Result<Answer> explain(ApiParts& parts, const Request& request) {
    const auto device = TRY(device_in(parts, request));
    const auto decision = TRY(parts.agents.decision_for(device));
    Value offered = Value::list();
    for (auto id : decision.offered) offered.push(id.value);
    Value value = Value::map();
    value.set("reason", TRY(parts.agents.explain(device)));
    value.set("run", decision.run ? Value(decision.run->value) : Value());
    value.set("offered", std::move(offered));
    value.set("ask_again", decision.ask_again ? time_document(*decision.ask_again) : Value());
    return Answer{200, std::move(value)};
}

}  // namespace

Result<Value> enrol(ApiParts& parts, const site::Device& device) {
    const std::string token = new_token();
    TRY(parts.database.devices().set_token(device.id, token_hash(token)));
    Value value = Value::map();
    value.set("device", device.name).set("token", token).set("fingerprint", parts.fingerprint);
    return value;
}

void add_device_operations(Router& router, ApiParts& parts) {
    const auto on = [&](std::string_view operation, auto handler) {
        router.on(operation, [&parts, handler](const Request& request) -> Result<Answer> {
            return handler(parts, request);
        });
    };
    on("listDevices", list_devices);
    on("addDevice",
       [](ApiParts& p, const Request& request) { return add_device(p, request.body); });
    on("importDevices",
       [](ApiParts& p, const Request& request) { return import_devices(p, request.body); });
    on("showDevice", [](ApiParts& p, const Request& request) -> Result<Answer> {
        return Answer{200, TRY(full_document(p, TRY(device_in(p, request))))};
    });
    on("setDevice", set_device);
    on("removeDevice", remove_device);
    on("enrolDevice", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto device = TRY(device_in(p, request));
        return Answer{201, TRY(enrol(p, device)), [&p, device] {
                          p.sessions.revoke(device.name, "the token of this computer was replaced");
                      }};
    });
    on("approveDevice", approve);
    on("setDeviceVariable", set_variable);
    on("removeDeviceVariable", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto device = TRY(device_in(p, request));
        TRY(p.database.devices().remove_variable(device.id, request.path.at("variable")));
        Answer answer = removed(request.path.at("variable"));
        answer.after = membership_changed(p);
        return answer;
    });
    on("controlDevice", control);
    on("explainDevice", explain);
    on("listDeviceHistory", show_history);
    on("listDeviceLog", show_log);
}

}  // namespace muster::server
