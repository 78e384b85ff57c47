// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api.h"
#include "server/clock.h"
#include "server/documents.h"
#include "site/names.h"

namespace muster::server {

Result<store::Page> page_of(const Request& request) {
    store::Page page;
    page.limit = TRY(request.query.int_or("limit", 100));
    page.after = TRY(request.query.string_or("after", ""));
    page.name = TRY(request.query.string_or("name", ""));
    return page;
}

std::function<void()> membership_changed(ApiParts& parts) {
    return [&parts] {
        parts.directory.invalidate();
        parts.agents.reconsider();
    };
}

Answer removed(std::string_view name) { return {200, Value::map().set("removed", name)}; }

namespace {

Result<Answer> add_token(ApiParts& parts, const Request& request) {
    store::AdminToken token;
    token.name = TRY(request.body.string_at("name"));
    token.role = *store::token_role_from(TRY(request.body.string_at("role")));
    token.created_at = wall_now();
    const auto days = TRY(request.body.int_at("expires_days"));
    if (days > 0) token.expires_at = token.created_at + std::chrono::days(days);
    const std::string secret = new_token();
    TRY(parts.database.admin_tokens().add(token, token_hash(secret)));
    Value value = Value::map();
    value.set("name", token.name).set("role", to_string(token.role)).set("token", secret);
    return Answer{201, std::move(value.set("fingerprint", parts.fingerprint))};
}

Result<Answer> list_audit(ApiParts& parts, const Request& request) {
    const auto limit = TRY(request.query.int_or("limit", 100));
    const auto records =
        TRY(parts.database.audit().list(TRY(request.query.int_or("before", 0)), limit));
    Value list = Value::list();
    for (const auto& record : records) list.push(document(record));
    Value value = Value::map().set("items", std::move(list));
    if (static_cast<std::int64_t>(records.size()) == limit) value.set("next", records.back().id);
    return Answer{200, std::move(value)};
}

}  // namespace

void add_site_operations(Router& router, ApiParts& parts) {
    router.on("showSite", [&parts](const Request&) -> Result<Answer> {
        Value value = Value::map();
        value.set("version", "0.1.0").set("fingerprint", parts.fingerprint);
        value.set("database", parts.database.where());
        return Answer{
            200, std::move(value.set("connected_agents", std::uint64_t{parts.agents.connected()}))};
    });
    router.on("showDescription", [](const Request&) -> Result<Answer> {
        Answer answer;
        answer.text = ApiDescription::text();
        answer.content_type = "application/yaml";
        return answer;
    });
    router.on("showSettings", [&parts](const Request&) -> Result<Answer> {
        return Answer{200, TRY(site_settings_document(parts.database, parts.description))};
    });
    router.on("setSettings", [&parts](const Request& request) -> Result<Answer> {
        const auto before = TRY(site_settings_document(parts.database, parts.description));
        Value changed = overlaid(before, request.body);
        TRY(save_site_settings(parts.database, changed));
        return Answer{200, std::move(changed), [&parts] { parts.agents.reconsider(); }};
    });
    router.on("listTokens", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& token : TRY(parts.database.admin_tokens().list())) {
            list.push(document(token));
        }
        return Answer{200, Value::map().set("items", std::move(list))};
    });
    router.on("addToken", [&parts](const Request& request) { return add_token(parts, request); });
    router.on("revokeToken", [&parts](const Request& request) -> Result<Answer> {
        const std::string& name = request.path.at("token");
        Answer answer = removed(name);
        for (const auto& token : TRY(parts.database.admin_tokens().list())) {
            if (site::name_key(token.name) == site::name_key(name)) answer.was = document(token);
        }
        TRY(parts.database.admin_tokens().revoke(name, wall_now()));
        return answer;
    });
    router.on("listAudit", [&parts](const Request& request) { return list_audit(parts, request); });
}

}  // namespace muster::server
