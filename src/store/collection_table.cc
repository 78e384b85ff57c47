// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/collection_table.h"

#include <map>

#include "site/names.h"
#include "store/lookup.h"

namespace muster::store {

namespace {

using site::Collection;
using site::CollectionId;
using site::DeviceId;

Result<std::string> name_of(Connection& connection, std::string_view kind, std::string_view table,
                            std::int64_t id) {
    auto rows =
        TRY(connection.query("SELECT name FROM " + std::string(table) + " WHERE id = :a", {id}));
    if (rows.empty()) return unknown_id(connection, kind, table, id);
    return rows[0].text(0);
}

}  // namespace

Result<Collection> CollectionTable::add(std::string_view name, site::WallTime now) {
    TRY(site::check_name("collection", name));
    return connection_.write("add collection " + std::string(name), [&]() -> Result<Collection> {
        auto same = TRY(connection_.query("SELECT name FROM collections WHERE name_key = :a",
                                          {site::name_key(name)}));
        if (!same.empty()) {
            return Error(Errc::already_exists, "a collection named " + same[0].text(0) + " exists");
        }
        auto rows = TRY(connection_.query(
            "INSERT INTO collections (name, name_key, created_at_ms) VALUES (:a, :b, :c)"
            " RETURNING id",
            {std::string(name), site::name_key(name), site::to_unix_milliseconds(now)}));
        Collection collection;
        collection.id = CollectionId(rows.at(0).integer(0));
        collection.name = name;
        collection.created_at = now;
        return collection;
    });
}

Status CollectionTable::add_member(CollectionId collection, DeviceId device) {
    return connection_.write("add member", [&]() -> Status {
        const auto room = TRY(name_of(connection_, "collection", "collections", collection.value));
        const auto computer = TRY(name_of(connection_, "device", "devices", device.value));
        auto same =
            TRY(connection_.query("SELECT device_id FROM collection_members"
                                  " WHERE collection_id = :a AND device_id = :b",
                                  {collection.value, device.value}));
        if (!same.empty()) {
            return Error(Errc::already_exists, computer + " is in the collection " + room);
        }
        return connection_.execute(
            "INSERT INTO collection_members (collection_id, device_id)"
            " VALUES (:a, :b)",
            {collection.value, device.value});
    });
}

Result<std::vector<Collection>> CollectionTable::select(std::string_view where,
                                                        const std::vector<SqlValue>& parameters) {
    std::vector<Collection> collections;
    std::map<std::int64_t, std::size_t> place;
    const std::string condition(where);
    for (const auto& row :
         TRY(connection_.query("SELECT c.id, c.name, c.created_at_ms FROM collections c " +
                                   condition + " ORDER BY c.name_key",
                               parameters))) {
        Collection collection;
        collection.id = CollectionId(row.integer(0));
        collection.name = row.text(1);
        collection.created_at = site::from_unix_milliseconds(row.integer(2));
        place[collection.id.value] = collections.size();
        collections.push_back(std::move(collection));
    }
    for (const auto& row :
         TRY(connection_.query("SELECT m.collection_id, m.device_id FROM collection_members m"
                               " JOIN collections c ON c.id = m.collection_id " +
                                   condition + " ORDER BY m.collection_id, m.device_id",
                               parameters))) {
        collections[place.at(row.integer(0))].members.push_back(DeviceId(row.integer(1)));
    }
    return collections;
}

Result<std::vector<Collection>> CollectionTable::list() {
    return connection_.read("list collections", [&] { return select("", {}); });
}

Result<Collection> CollectionTable::find(std::string_view name_or_id) {
    return connection_.read("find collection", [&]() -> Result<Collection> {
        const auto id = TRY(find_id(connection_, "collection", "collections", name_or_id));
        return TRY(select("WHERE c.id = :a", {id})).at(0);
    });
}

Result<Collection> CollectionTable::find(CollectionId id) {
    return connection_.read("find collection", [&]() -> Result<Collection> {
        auto found = TRY(select("WHERE c.id = :a", {id.value}));
        if (found.empty()) return unknown_id(connection_, "collection", "collections", id.value);
        return found[0];
    });
}

}  // namespace muster::store
