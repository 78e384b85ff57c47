// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/built_in.h"

#include <algorithm>

#include "server/clock.h"
#include "site/names.h"
#include "text/json.h"

namespace muster::server {

namespace {

constexpr std::string_view kKey = "built_in_collections";

struct BuiltIn {
    const char* name;
    const char* comment;
    const char* rule;
};
constexpr BuiltIn kBuiltIn[] = {
    {"All Systems", "All computers of the site", "Name is set"},
    {"All Unknown Computers", "Computers that came by themselves and were not approved yet",
     "Unknown = true"},
};

// One that somebody made under that name becomes it, rule and all.
Result<site::Collection> make(store::SiteDatabase& database, const BuiltIn& one) {
    for (auto each : TRY(database.collections().list())) {
        if (site::name_key(each.name) != site::name_key(one.name)) continue;
        each.rules = {one.rule};
        TRY(database.collections().change(each));
        return each;
    }
    site::Collection collection;
    collection.name = one.name;
    collection.comment = one.comment;
    collection.rules = {one.rule};
    collection.created_at = wall_now();
    return database.collections().add(collection);
}

}  // namespace

Result<std::vector<site::CollectionId>> built_in_collections(store::SiteDatabase& database) {
    std::vector<site::CollectionId> ids;
    const auto kept = TRY(database.settings().find(kKey));
    if (!kept) return ids;
    const auto list = TRY(text::parse_json(*kept));
    if (list.as_list() == nullptr) return ids;
    for (const auto& each : *list.as_list()) {
        if (const auto* id = each.as_int()) ids.push_back(site::CollectionId(*id));
    }
    return ids;
}

Status make_built_in_collections(store::SiteDatabase& database) {
    return database.change("make built-in collections", [&]() -> Status {
        if (TRY(database.settings().find(kKey))) return {};
        Value ids = Value::list();
        for (const auto& one : kBuiltIn) ids.push(TRY(make(database, one)).id.value);
        return database.settings().set(kKey, text::to_json(ids));
    });
}

Status refuse_built_in(store::SiteDatabase& database, const site::Collection& collection,
                       const std::string& what) {
    const auto ids = TRY(built_in_collections(database));
    if (std::find(ids.begin(), ids.end(), collection.id) == ids.end()) return {};
    return Error(Errc::busy, collection.name + " is a built-in collection: it is not " + what);
}

}  // namespace muster::server
