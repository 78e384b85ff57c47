// SPDX-License-Identifier: GPL-3.0-or-later
//
// What administrators may do, as handlers of the operations of docs/api.yaml, a file a subject.
// Requests have been judged by the description before a handler sees them, and a change runs in one
// transaction with its audit row; what has to happen after that is Answer::after. Agents have
// their own endpoints in SiteServer.
#pragma once

#include "server/agent_hub.h"
#include "server/content_jobs.h"
#include "server/directory.h"
#include "server/router.h"
#include "server/session_manager.h"
#include "server/site_settings.h"
#include "server/wake_up.h"
#include "store/database.h"

namespace muster::server {

struct ApiParts {
    store::SiteDatabase& database;
    store::ContentStore& content;
    ContentJobs& imports;
    SessionManager& sessions;
    AgentHub& agents;
    Directory& directory;
    const ApiDescription& description;
    std::string fingerprint;
    std::string interface;  // through which computers are woken
    WakeUp& wake_up;
    void wake(const site::Deployment& deployment);
};

void add_site_operations(Router& router, ApiParts& parts);
void add_point_operations(Router& router, ApiParts& parts);
void add_image_operations(Router& router, ApiParts& parts);
void add_device_operations(Router& router, ApiParts& parts);
void add_collection_operations(Router& router, ApiParts& parts);
void add_sequence_operations(Router& router, ApiParts& parts);
void add_deployment_operations(Router& router, ApiParts& parts);
void add_session_operations(Router& router, ApiParts& parts);

// Makes a token for the device, registers it and returns the file's contents for the agent.
Result<Value> enrol(ApiParts& parts, const site::Device& device);

// Who is in which collection may be another now; for Answer::after.
std::function<void()> membership_changed(ApiParts& parts);

// {"items": [...], "next": name of the last}, when there may be more.
template <typename T, typename ToDocument>
Value page_document(const std::vector<T>& items, std::int64_t limit, ToDocument to_document) {
    Value list = Value::list();
    for (const auto& item : items) list.push(to_document(item));
    Value value = Value::map().set("items", std::move(list));
    if (!items.empty() && static_cast<std::int64_t>(items.size()) == limit) {
        value.set("next", items.back().name);
    }
    return value;
}
// Of the query's limit, after and name.
Result<store::Page> page_of(const Request& request);
Value session_document(const SessionInfo& info);
// What a request names in its body or query and is not there is a fault of that field: 400, not
// 404, which is about the path.
template <typename T>
Result<T> named(std::string_view field, Result<T> found) {
    if (found.ok() || found.error().code() != Errc::not_found) return found;
    return Error(Errc::invalid_argument, std::string(field) + ": " + found.error().message());
}
// {"removed": name}
Answer removed(std::string_view name);

}  // namespace muster::server
