// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api.h"
#include "text/json.h"

namespace muster::server {

namespace {

Result<Value> point_document(ApiParts& parts, const store::PointRecord& point) {
    const auto all = TRY(parts.database.points().list());
    Value value = Value::map();
    value.set("id", point.id.value).set("name", point.name);
    value.set("default", all.front().id == point.id);
    value.set("settings", TRY(point_settings_document(point.settings, parts.description)));
    value.set("takes_effect",
              "limits, cap and maximum numbers at once; everything else in sessions that begin "
              "from now on, running ones keep what they have");
    return value;
}

Result<Answer> set_point(ApiParts& parts, const Request& request) {
    auto point = TRY(parts.database.points().find(request.path.at("point")));
    point.name = TRY(request.body.string_or("name", point.name));
    if (request.body.find("settings") != nullptr) {
        const auto before = TRY(point_settings_document(point.settings, parts.description));
        // Defaults of the schema stand for what was not given: only what the request has counts.
        const auto given = TRY(text::parse_json(request.http.body));
        const Value changed = overlaid(before, *given.find("settings"));
        const auto settings = TRY(point_settings(changed).context("settings"));
        TRY(parts.sessions.check(settings).context("settings"));
        point.settings = text::to_json(changed);
    }
    TRY(parts.database.points().change(point));
    const auto settings =
        TRY(point_settings(TRY(point_settings_document(point.settings, parts.description))));
    return Answer{200, TRY(point_document(parts, point)),
                  [&parts, settings] { parts.sessions.apply(settings); }};
}

}  // namespace

void add_point_operations(Router& router, ApiParts& parts) {
    router.on("listPoints", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& point : TRY(parts.database.points().list())) {
            list.push(TRY(point_document(parts, point)));
        }
        return Answer{200, Value::map().set("items", std::move(list))};
    });
    router.on("showPoint", [&parts](const Request& request) -> Result<Answer> {
        const auto point = TRY(parts.database.points().find(request.path.at("point")));
        return Answer{200, TRY(point_document(parts, point))};
    });
    router.on("setPoint", [&parts](const Request& request) { return set_point(parts, request); });
}

}  // namespace muster::server
