// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>

#include "server/api.h"
#include "server/documents.h"
#include "site/names.h"

namespace muster::server {

namespace {

Result<Answer> list_images(ApiParts& parts) {
    Value list = Value::list();
    for (const auto& image : TRY(parts.database.images().list())) list.push(document(image));
    return Answer{200, Value::map().set("images", std::move(list))};
}

Result<Answer> add_image(ApiParts& parts, const Value& body) {
    TRY(body.only_keys({"name", "path", "version", "comment", "multicast_only"}));
    ImportRequest request;
    request.name = TRY(body.string_at("name"));
    request.source_path = TRY(body.string_at("path"));
    request.version = TRY(body.string_or("version", ""));
    request.comment = TRY(body.string_or("comment", ""));
    if (body.find("multicast_only") != nullptr) {
        request.multicast_only = TRY(body.bool_at("multicast_only"));
    }
    TRY(site::check_name("image", request.name));
    if (!std::filesystem::path(request.source_path).is_absolute()) {
        return Error(Errc::invalid_argument, "path: " + request.source_path +
                                                 " is not absolute; it is a path on the server");
    }
    const std::string version = request.version.empty() ? "1" : request.version;
    for (const auto& image : TRY(parts.database.images().list())) {
        if (site::name_key(image.name) != site::name_key(request.name)) continue;
        if (image.version != version) continue;
        return Error(Errc::already_exists, "image " + image.name + " version " + version +
                                               " exists already: give another --version");
    }
    const std::int64_t job = parts.imports.add(std::move(request));
    return Answer{202, Value::map().set("job", job)};
}

Result<Answer> show_job(ApiParts& parts, const Request& request) {
    const std::int64_t id = TRY(id_in(request, "job"));
    const auto status = TRY(parts.imports.status(id));
    Value value = Value::map();
    value.set("state", to_string(status.state)).set("stage", status.stage);
    value.set("progress", status.progress).set("error", status.error);
    return Answer{200, std::move(value)};
}

Result<Answer> remove_image(ApiParts& parts, const Request& request) {
    const auto image = TRY(parts.database.images().find(request.path.at("name")));
    const auto removed = TRY(parts.database.images().remove_if_unused(image.id));
    if (removed.content_unused) TRY(parts.content.remove(removed.content_id));
    return Answer{200, Value::map().set("removed", image.name)};
}

}  // namespace

void add_image_routes(Router& router, ApiParts& parts) {
    router.add("GET", "/api/v1/images", [&parts](const Request&) { return list_images(parts); });
    router.add("POST", "/api/v1/images",
               [&parts](const Request& request) { return add_image(parts, request.body); });
    router.add("GET", "/api/v1/images/{name}", [&parts](const Request& request) -> Result<Answer> {
        return Answer{200, document(TRY(parts.database.images().find(request.path.at("name"))))};
    });
    router.add("DELETE", "/api/v1/images/{name}",
               [&parts](const Request& request) { return remove_image(parts, request); });
    router.add("GET", "/api/v1/jobs/{job}",
               [&parts](const Request& request) { return show_job(parts, request); });
}

}  // namespace muster::server
