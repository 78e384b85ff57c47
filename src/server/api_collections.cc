// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "server/api.h"
#include "server/built_in.h"
#include "server/clock.h"
#include "server/documents.h"

namespace muster::server {

namespace {

Result<site::Collection> collection_in(ApiParts& parts, const Request& request) {
    return parts.database.collections().find(request.path.at("collection"));
}

Value list_of(const std::vector<std::string>& texts) {
    Value list = Value::list();
    for (const auto& text : texts) list.push(text);
    return list;
}

Result<Value> names_of(ApiParts& parts, const std::vector<site::CollectionId>& ids) {
    const auto names = TRY(parts.directory.names());
    Value list = Value::list();
    for (auto id : ids) list.push(names.at(id));
    return list;
}

Result<Value> short_document(ApiParts& parts, const site::Collection& collection) {
    Value value = Value::map();
    value.set("id", collection.id.value).set("name", collection.name);
    value.set("comment", collection.comment).set("priority", collection.priority);
    value.set("rules", list_of(collection.rules));
    value.set("includes", TRY(names_of(parts, collection.includes)));
    value.set("excludes", TRY(names_of(parts, collection.excludes)));
    value.set("maintenance_windows", list_of(collection.windows));
    value.set("limiting", collection.limiting
                              ? Value(TRY(parts.directory.names()).at(*collection.limiting))
                              : Value());
    const auto members = TRY(parts.directory.members(collection.id));
    value.set("count", std::uint64_t{members.size()});
    const auto built_in = TRY(built_in_collections(parts.database));
    const bool is_one =
        std::find(built_in.begin(), built_in.end(), collection.id) != built_in.end();
    return std::move(value.set("built_in", is_one));
}

Result<Value> full_document(ApiParts& parts, const site::Collection& collection) {
    Value value = TRY(short_document(parts, collection));
    Value direct = Value::list();
    for (auto id : collection.members) {
        direct.push(TRY(parts.database.devices().find(id)).name);
    }
    value.set("members", std::move(direct));
    const auto variables = TRY(parts.database.collections().variables(collection.id));
    return std::move(value.set("variables", document(variables)));
}

// Names of one thing may differ in case, so that the schema cannot see it.
template <typename Id>
Status refuse_second(const std::vector<Id>& ids, Id id, std::string_view field,
                     const std::string& name) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) return {};
    return Error(Errc::invalid_argument, std::string(field) + ": " + name + " is there twice");
}

// What `body` says of the collection is put over what it is.
Status take(ApiParts& parts, const Value& body, site::Collection& collection) {
    const auto texts = [&](std::string_view key, std::vector<std::string>& target) {
        const Value* list = body.find(key);
        if (list == nullptr) return;
        target.clear();
        for (const auto& item : *list->as_list()) target.push_back(*item.as_string());
    };
    const auto others = [&](std::string_view key,
                            std::vector<site::CollectionId>& target) -> Status {
        const Value* list = body.find(key);
        if (list == nullptr) return {};
        target.clear();
        for (const auto& item : *list->as_list()) {
            const auto other =
                TRY(named(key, parts.database.collections().find(*item.as_string())));
            TRY(refuse_second(target, other.id, key, other.name));
            target.push_back(other.id);
        }
        return {};
    };
    collection.name = TRY(body.string_or("name", collection.name));
    collection.comment = TRY(body.string_or("comment", collection.comment));
    collection.priority = TRY(body.int_or("priority", collection.priority));
    texts("rules", collection.rules);
    texts("maintenance_windows", collection.windows);
    TRY(others("includes", collection.includes));
    TRY(others("excludes", collection.excludes));
    if (const Value* limiting = body.find("limiting")) {
        collection.limiting.reset();
        if (const auto* name = limiting->as_string()) {
            collection.limiting =
                TRY(named("limiting", parts.database.collections().find(*name))).id;
        }
    }
    if (const Value* members = body.find("members")) {
        collection.members.clear();
        for (const auto& item : *members->as_list()) {
            const auto device =
                TRY(named("members", parts.database.devices().find(*item.as_string())));
            TRY(refuse_second(collection.members, device.id, "members", device.name));
            collection.members.push_back(device.id);
        }
    }
    return parts.directory.check(collection);
}

Result<Answer> add_collection(ApiParts& parts, const Request& request) {
    site::Collection collection;
    collection.created_at = wall_now();
    TRY(take(parts, request.body, collection));
    const auto added = TRY(parts.database.collections().add(collection));
    parts.directory.invalidate();
    return Answer{201, TRY(full_document(parts, added)), membership_changed(parts)};
}

bool same_make_up(const site::Collection& a, const site::Collection& b) {
    return a.name == b.name && a.rules == b.rules && a.members == b.members &&
           a.includes == b.includes && a.excludes == b.excludes && a.limiting == b.limiting;
}

Result<Answer> set_collection(ApiParts& parts, const Request& request) {
    auto collection = TRY(collection_in(parts, request));
    const auto before = collection;
    TRY(take(parts, request.body, collection));
    if (!same_make_up(before, collection)) {
        TRY(refuse_built_in(parts.database, collection,
                            "changed but for its comment, priority and maintenance windows"));
    }
    TRY(parts.database.collections().change(collection));
    parts.directory.invalidate();
    return Answer{200, TRY(full_document(parts, collection)), membership_changed(parts)};
}

Result<Answer> add_member(ApiParts& parts, const Request& request) {
    const auto collection = TRY(collection_in(parts, request));
    const std::string name = TRY(request.body.string_at("device"));
    const auto device = TRY(named("device", parts.database.devices().find(name)));
    TRY(refuse_built_in(parts.database, collection, "given members by hand"));
    TRY(parts.database.collections().add_member(collection.id, device.id));
    parts.directory.invalidate();
    const auto changed = TRY(parts.database.collections().find(collection.id));
    return Answer{201, TRY(full_document(parts, changed)), membership_changed(parts)};
}

Result<Answer> list_members(ApiParts& parts, const Request& request) {
    const auto collection = TRY(collection_in(parts, request));
    const auto members = TRY(parts.directory.members(collection.id));
    const auto page = TRY(page_of(request));
    const auto devices = TRY(parts.database.devices().page(page, {}, &members));
    return Answer{
        200, page_document(devices, page.limit, [&](const site::Device& device) {
            Value value = document(device);
            return std::move(value.set("connected", parts.agents.is_connected(device.id)));
        })};
}

Result<Answer> set_variable(ApiParts& parts, const Request& request) {
    const auto collection = TRY(collection_in(parts, request));
    site::Variable variable;
    variable.name = request.path.at("variable");
    variable.value = TRY(request.body.string_at("value"));
    variable.secret = TRY(request.body.bool_at("secret"));
    TRY(parts.database.collections().set_variable(collection.id, variable));
    return Answer{200, TRY(full_document(parts, collection))};
}

Result<Answer> explain(ApiParts& parts, const Request& request) {
    const auto collection = TRY(collection_in(parts, request));
    const auto device = TRY(parts.database.devices().find(request.path.at("device")));
    Value value = Value::map();
    value.set("reason", TRY(parts.directory.explain(device.id, collection.id)) + ".");
    value.set("member", TRY(parts.directory.is_member(device.id, collection.id)));
    return Answer{200, std::move(value)};
}

}  // namespace

void add_collection_operations(Router& router, ApiParts& parts) {
    const auto on = [&](std::string_view operation, auto handler) {
        router.on(operation, [&parts, handler](const Request& request) -> Result<Answer> {
            return handler(parts, request);
        });
    };
    on("listCollections", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto page = TRY(page_of(request));
        const auto collections = TRY(p.database.collections().page(page));
        Value list = Value::list();
        for (const auto& each : collections) list.push(TRY(short_document(p, each)));
        Value value = Value::map().set("items", std::move(list));
        if (static_cast<std::int64_t>(collections.size()) == page.limit) {
            value.set("next", collections.back().name);
        }
        return Answer{200, std::move(value)};
    });
    on("addCollection", add_collection);
    on("showCollection", [](ApiParts& p, const Request& request) -> Result<Answer> {
        return Answer{200, TRY(full_document(p, TRY(collection_in(p, request))))};
    });
    on("setCollection", set_collection);
    on("removeCollection", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto collection = TRY(collection_in(p, request));
        TRY(refuse_built_in(p.database, collection, "removed"));
        TRY(p.database.collections().remove(collection.id));
        Answer answer = removed(collection.name);
        answer.after = membership_changed(p);
        return answer;
    });
    on("addMember", add_member);
    on("listMembers", list_members);
    on("removeMember", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto collection = TRY(collection_in(p, request));
        const auto device = TRY(p.database.devices().find(request.path.at("device")));
        TRY(p.database.collections().remove_member(collection.id, device.id));
        Answer answer = removed(device.name);
        answer.after = membership_changed(p);
        return answer;
    });
    on("explainMember", explain);
    on("setCollectionVariable", set_variable);
    on("removeCollectionVariable", [](ApiParts& p, const Request& request) -> Result<Answer> {
        const auto collection = TRY(collection_in(p, request));
        TRY(p.database.collections().remove_variable(collection.id, request.path.at("variable")));
        return removed(request.path.at("variable"));
    });
}

}  // namespace muster::server
