// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api.h"
#include "server/documents.h"

namespace muster::server {

Value session_document(const SessionInfo& info) {
    Value groups = Value::list();
    for (const auto& group : info.groups) groups.push(group);
    Value value = document(info.snapshot);
    value.set("session", info.session).set("deployment", info.deployment.value);
    value.set("image", info.image).set("image_bytes", info.image_bytes);
    value.set("groups", std::move(groups)).set("starts", to_string(info.rule));
    value.set("collection_size", info.collection_size);
    return std::move(value.set("limit_bits_per_second", info.limit_bits_per_second));
}

namespace {

Result<SessionInfo> session_in(ApiParts& parts, const Request& request) {
    return parts.sessions.find(static_cast<std::uint32_t>(TRY(id_in(request, "session"))));
}

// Done at once, though in a transaction: what a session does is not in the database.
Result<Answer> told(ApiParts& parts, const Request& request,
                    const std::function<Status(std::uint32_t)>& tell) {
    const auto info = TRY(session_in(parts, request));
    TRY(tell(info.session));
    return Answer{200, session_document(TRY(parts.sessions.find(info.session)))};
}

}  // namespace

void add_session_operations(Router& router, ApiParts& parts) {
    router.on("listSessions", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& info : parts.sessions.list()) list.push(session_document(info));
        return Answer{200, Value::map().set("items", std::move(list))};
    });
    router.on("showSession", [&parts](const Request& request) -> Result<Answer> {
        return Answer{200, session_document(TRY(session_in(parts, request)))};
    });
    router.on("startSession", [&parts](const Request& request) {
        return told(parts, request, [&](auto id) { return parts.sessions.start_now(id); });
    });
    router.on("holdSession", [&parts](const Request& request) {
        return told(parts, request, [&](auto id) { return parts.sessions.hold(id, true); });
    });
    router.on("resumeSession", [&parts](const Request& request) {
        return told(parts, request, [&](auto id) { return parts.sessions.hold(id, false); });
    });
    router.on("endSession", [&parts](const Request& request) -> Result<Answer> {
        std::string why = TRY(request.body.string_at("reason"));
        if (why.empty()) why = request.who.name + " ended it";
        return told(parts, request, [&](auto id) { return parts.sessions.end(id, why); });
    });
    router.on("disconnectMember", [&parts](const Request& request) -> Result<Answer> {
        const auto info = TRY(session_in(parts, request));
        const std::string& device = request.path.at("device");
        TRY(parts.sessions.disconnect(info.session, device,
                                      request.who.name + " put it out of the session"));
        return removed(device);
    });
    router.on("explainSession", [&parts](const Request& request) -> Result<Answer> {
        const auto info = TRY(session_in(parts, request));
        return Answer{200, Value::map().set("reason", parts.sessions.explain(info))};
    });
}

}  // namespace muster::server
