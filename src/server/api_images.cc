// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api.h"
#include "server/documents.h"
#include "site/names.h"

namespace muster::server {

namespace {

Result<Value> image_document(ApiParts& parts, const site::ImagePackage& image) {
    Value points = Value::list();
    const auto locations = TRY(parts.database.images().locations(image.id));
    const auto all = TRY(parts.database.points().list());
    for (const auto& location : locations) {
        Value item = Value::map();
        for (const auto& point : all) {
            if (point.id == location.point_id) item.set("point", point.name);
        }
        item.set("state", to_string(location.state)).set("detail", location.detail);
        points.push(std::move(item.set("checked_at", time_document(location.checked_at))));
    }
    Value value = document(image);
    return std::move(value.set("points", std::move(points)));
}

Result<Answer> list_images(ApiParts& parts, const Request& request) {
    const std::string kind = TRY(request.query.string_or("kind", ""));
    const std::string name = TRY(request.query.string_or("name", ""));
    Value list = Value::list();
    for (const auto& image : TRY(parts.database.images().list())) {
        if (!kind.empty() && to_string(image.kind) != kind) continue;
        if (!name.empty() && !site::matches_wildcard(name, image.name)) continue;
        list.push(TRY(image_document(parts, image)));
    }
    return Answer{200, Value::map().set("items", std::move(list))};
}

Status check_multicast(bool allowed, bool only) {
    if (allowed || !only) return {};
    return Error(Errc::invalid_argument,
                 "multicast_only: only via multicast needs allow_multicast");
}

Result<Answer> add_image(ApiParts& parts, const Value& body) {
    ImportRequest request;
    request.name = TRY(body.string_at("name"));
    request.source_path = TRY(body.string_at("path"));
    request.version = TRY(body.string_at("version"));
    request.comment = TRY(body.string_at("comment"));
    request.multicast_only = TRY(body.bool_at("multicast_only"));
    request.allow_multicast = TRY(body.bool_at("allow_multicast"));
    request.encrypt = TRY(body.bool_at("encrypt"));
    request.priority = *site::priority_from(TRY(body.string_at("priority")));
    TRY(check_multicast(request.allow_multicast, request.multicast_only));
    const std::string version = request.version.empty() ? "1" : request.version;
    for (const auto& image : TRY(parts.database.images().list())) {
        if (site::name_key(image.name) != site::name_key(request.name)) continue;
        if (image.version != version) continue;
        return Error(Errc::already_exists, "image " + image.name + " version " + version +
                                               " exists already: give another --version");
    }
    const std::int64_t job = parts.imports.reserve();
    return Answer{202, Value::map().set("job", job),
                  [&parts, job, request] { parts.imports.start(job, request); }};
}

Value job_document(std::int64_t id, const JobStatus& status) {
    Value value = Value::map();
    value.set("job", id).set("what", status.what).set("state", to_string(status.state));
    value.set("stage", status.stage).set("progress", status.progress);
    return std::move(value.set("error", status.error));
}

Result<Answer> set_image(ApiParts& parts, const Request& request) {
    auto image = TRY(parts.database.images().find(request.path.at("image")));
    const Value& body = request.body;
    image.comment = TRY(body.string_or("comment", image.comment));
    image.allow_multicast = TRY(body.bool_or("allow_multicast", image.allow_multicast));
    image.encrypt = TRY(body.bool_or("encrypt", image.encrypt));
    image.multicast_only = TRY(body.bool_or("multicast_only", image.multicast_only));
    TRY(check_multicast(image.allow_multicast, image.multicast_only));
    const std::string priority =
        TRY(body.string_or("priority", std::string(to_string(image.priority))));
    image.priority = *site::priority_from(priority);
    if (image.multicast_only && !image.allow_multicast) {
        return Error(Errc::invalid_argument,
                     "multicast_only: only via multicast needs allow_multicast");
    }
    TRY(parts.database.images().change(image));
    return Answer{200, TRY(image_document(parts, image))};
}

Result<Answer> remove_image(ApiParts& parts, const Request& request) {
    const auto image = TRY(parts.database.images().find(request.path.at("image")));
    const auto gone = TRY(parts.database.images().remove_if_unused(image.id));
    Answer answer = removed(image.name);
    if (gone.content_unused) {
        answer.after = [&parts, id = gone.content_id] { parts.imports.discard(id); };
    }
    return answer;
}

Result<Answer> validate_image(ApiParts& parts, const Request& request) {
    const auto image = TRY(parts.database.images().find(request.path.at("image")));
    const bool repair = TRY(request.body.bool_at("repair"));
    const std::int64_t job = parts.imports.reserve();
    return Answer{202, Value::map().set("job", job),
                  [&parts, job, image, repair] { parts.imports.validate(job, image, repair); }};
}

}  // namespace

void add_image_operations(Router& router, ApiParts& parts) {
    router.on("listImages",
              [&parts](const Request& request) { return list_images(parts, request); });
    router.on("addImage",
              [&parts](const Request& request) { return add_image(parts, request.body); });
    router.on("showImage", [&parts](const Request& request) -> Result<Answer> {
        const auto image = TRY(parts.database.images().find(request.path.at("image")));
        return Answer{200, TRY(image_document(parts, image))};
    });
    router.on("setImage", [&parts](const Request& request) { return set_image(parts, request); });
    router.on("removeImage",
              [&parts](const Request& request) { return remove_image(parts, request); });
    router.on("validateImage",
              [&parts](const Request& request) { return validate_image(parts, request); });
    router.on("listJobs", [&parts](const Request&) -> Result<Answer> {
        Value list = Value::list();
        for (const auto& [id, status] : parts.imports.list()) list.push(job_document(id, status));
        return Answer{200, Value::map().set("items", std::move(list))};
    });
    router.on("showJob", [&parts](const Request& request) -> Result<Answer> {
        const std::int64_t id = TRY(id_in(request, "job"));
        return Answer{200, job_document(id, TRY(parts.imports.status(id)))};
    });
}

}  // namespace muster::server
