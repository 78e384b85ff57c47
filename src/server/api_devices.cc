// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "server/identity.h"

namespace muster::server {

namespace {

Result<Answer> add_device(ApiParts& parts, const Value& body) {
    TRY(body.only_keys({"name", "macs", "smbios_uuid", "serial"}));
    site::Device device;
    device.name = TRY(body.string_at("name"));
    device.smbios_uuid = TRY(body.string_or("smbios_uuid", ""));
    device.serial = TRY(body.string_or("serial", ""));
    device.created_at = wall_now();
    if (const Value* macs = body.find("macs")) {
        if (macs->as_list() == nullptr) return macs->error("macs: expected a list");
        for (const auto& mac : *macs->as_list()) {
            if (mac.as_string() == nullptr) return mac.error("macs: expected strings");
            device.macs.push_back(*mac.as_string());
        }
    }
    return Answer{201, document(TRY(parts.database.devices().add(TRY(checked_device(device)))))};
}

Result<Answer> add_member(ApiParts& parts, const Request& request) {
    TRY(request.body.only_keys({"device"}));
    const auto collection = TRY(parts.database.collections().find(request.path.at("name")));
    const auto device = TRY(parts.database.devices().find(TRY(request.body.string_at("device"))));
    TRY(parts.database.collections().add_member(collection.id, device.id));
    parts.agents.reconsider();
    return Answer{201, document(TRY(parts.database.collections().find(collection.id)))};
}

Status control(ApiParts& parts, const Request& request, const Answerer& answer) {
    TRY(request.body.only_keys({"action", "reason"}));
    const auto device = TRY(parts.database.devices().find(request.path.at("name")));
    const std::string action = TRY(request.body.string_at("action"));
    static constexpr std::string_view kActions[] = {"cancel", "pause", "resume", "retry", "skip"};
    if (std::find(std::begin(kActions), std::end(kActions), action) == std::end(kActions)) {
        return request.body.error("action: expected cancel, pause, resume, retry or skip");
    }
    const std::string reason = TRY(request.body.string_or("reason", ""));
    return parts.agents.control(
        device, action, reason, [answer, name = device.name](const auto& said) {
            Value body = Value::map();
            if (!said.answered) {
                body.set("message", name + " was told, but has not answered yet");
                return answer(Answer{202, body});
            }
            if (!said.accepted) return answer(Error(Errc::busy, name + ": " + said.message));
            body.set("message", name + ": " + said.message);
            answer(Answer{200, body});
        });
}

}  // namespace

Result<Value> enrol(ApiParts& parts, const site::Device& device) {
    const std::string token = new_token();
    TRY(parts.database.devices().set_token(device.id, token_hash(token)));
    parts.sessions.revoke(device.name);
    Value value = Value::map();
    value.set("device", device.name).set("token", token).set("fingerprint", parts.fingerprint);
    return value;
}

void add_device_routes(Router& router, ApiParts& parts) {
    router.add("GET", "/api/v1/devices", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& device : TRY(parts.database.devices().list())) list.push(document(device));
        return Answer{200, Value::map().set("devices", std::move(list))};
    });
    router.add("POST", "/api/v1/devices",
               [&parts](const Request& request) { return add_device(parts, request.body); });
    router.add("POST", "/api/v1/devices/{name}/token",
               [&parts](const Request& request) -> Result<Answer> {
                   const auto device = TRY(parts.database.devices().find(request.path.at("name")));
                   return Answer{201, TRY(enrol(parts, device))};
               });
    router.add_waiting("POST", "/api/v1/devices/{name}/control",
                       [&parts](const Request& request, const Answerer& answer) {
                           Status begun = control(parts, request, answer);
                           if (!begun.ok()) answer(begun.error());
                       });
    router.add("GET", "/api/v1/collections", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& one : TRY(parts.database.collections().list())) list.push(document(one));
        return Answer{200, Value::map().set("collections", std::move(list))};
    });
    router.add("POST", "/api/v1/collections", [&parts](const Request& request) -> Result<Answer> {
        TRY(request.body.only_keys({"name"}));
        const std::string name = TRY(request.body.string_at("name"));
        return Answer{201, document(TRY(parts.database.collections().add(name, wall_now())))};
    });
    router.add("POST", "/api/v1/collections/{name}/members",
               [&parts](const Request& request) { return add_member(parts, request); });
}

}  // namespace muster::server
