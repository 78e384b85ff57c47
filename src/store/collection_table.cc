// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/collection_table.h"

#include <map>

#include "site/names.h"
#include "store/lookup.h"
#include "store/variables.h"

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

// Texts of one line each, which hold no line break.
std::string to_lines(const std::vector<std::string>& texts) {
    std::string lines;
    for (const auto& text : texts) lines += text + "\n";
    return lines;
}

std::vector<std::string> from_lines(std::string_view lines) {
    std::vector<std::string> texts;
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        texts.emplace_back(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return texts;
}

}  // namespace

Status CollectionTable::refuse_taken(const Collection& collection) {
    TRY(site::check_name("collection", collection.name));
    auto same =
        TRY(connection_.query("SELECT name FROM collections WHERE name_key = :a AND id <> :b",
                              {site::name_key(collection.name), collection.id.value}));
    if (same.empty()) return {};
    return Error(Errc::already_exists, "a collection named " + same[0].text(0) + " exists");
}

Status CollectionTable::insert_parts(const Collection& collection) {
    for (auto member : collection.members) {
        TRY(name_of(connection_, "device", "devices", member.value));
        TRY(connection_.execute(
            "INSERT INTO collection_members (collection_id, device_id) VALUES (:a, :b)"
            " ON CONFLICT DO NOTHING",
            {collection.id.value, member.value}));
    }
    for (const auto& [kind, others] :
         {std::pair("include", &collection.includes), std::pair("exclude", &collection.excludes)}) {
        for (auto other : *others) {
            TRY(name_of(connection_, "collection", "collections", other.value));
            TRY(
                connection_.execute("INSERT INTO collection_links (collection_id, other_id, kind)"
                                    " VALUES (:a, :b, :c) ON CONFLICT DO NOTHING",
                                    {collection.id.value, other.value, std::string(kind)}));
        }
    }
    return {};
}

namespace {

SqlValue limiting_of(const Collection& collection) {
    if (!collection.limiting) return std::monostate{};
    return collection.limiting->value;
}

}  // namespace

Result<Collection> CollectionTable::add(const Collection& collection) {
    return connection_.write("add collection " + collection.name, [&]() -> Result<Collection> {
        TRY(refuse_taken(collection));
        auto rows = TRY(connection_.query(
            "INSERT INTO collections (name, name_key, created_at_ms, comment, rules, windows,"
            " priority, limiting_id) VALUES (:a, :b, :c, :d, :e, :f, :g, :h) RETURNING id",
            {collection.name, site::name_key(collection.name),
             site::to_unix_milliseconds(collection.created_at), collection.comment,
             to_lines(collection.rules), to_lines(collection.windows), collection.priority,
             limiting_of(collection)}));
        Collection added = collection;
        added.id = CollectionId(rows.at(0).integer(0));
        TRY(insert_parts(added));
        return added;
    });
}

Status CollectionTable::change(const Collection& collection) {
    return connection_.write("change collection " + collection.name, [&]() -> Status {
        TRY(refuse_taken(collection));
        const auto rows = TRY(connection_.query(
            "UPDATE collections SET name = :a, name_key = :b, comment = :c, rules = :d,"
            " windows = :e, priority = :f, limiting_id = :g WHERE id = :h RETURNING id",
            {collection.name, site::name_key(collection.name), collection.comment,
             to_lines(collection.rules), to_lines(collection.windows), collection.priority,
             limiting_of(collection), collection.id.value}));
        if (rows.empty()) {
            return unknown_id(connection_, "collection", "collections", collection.id.value);
        }
        TRY(connection_.execute("DELETE FROM collection_members WHERE collection_id = :a",
                                {collection.id.value}));
        TRY(connection_.execute("DELETE FROM collection_links WHERE collection_id = :a",
                                {collection.id.value}));
        return insert_parts(collection);
    });
}

Status CollectionTable::remove(CollectionId id) {
    return connection_.write("remove collection", [&]() -> Status {
        const auto name = TRY(name_of(connection_, "collection", "collections", id.value));
        std::string users;
        const auto tell = [&](const std::string& user) {
            users += (users.empty() ? "" : ", ") + user;
        };
        for (const auto& row : TRY(connection_.query(
                 "SELECT id FROM deployments WHERE collection_id = :a ORDER BY id", {id.value}))) {
            tell("deployment " + std::to_string(row.integer(0)));
        }
        for (const auto& row : TRY(connection_.query(
                 "SELECT DISTINCT c.name FROM collections c LEFT JOIN collection_links l"
                 " ON l.collection_id = c.id WHERE l.other_id = :a OR c.limiting_id = :b"
                 " ORDER BY c.name",
                 {id.value, id.value}))) {
            tell("collection " + row.text(0));
        }
        if (!users.empty()) return Error(Errc::busy, name + " is used by " + users);
        return connection_.execute("DELETE FROM collections WHERE id = :a", {id.value});
    });
}

Status CollectionTable::remove_member(CollectionId collection, DeviceId device) {
    return connection_.write("remove member", [&]() -> Status {
        const auto room = TRY(name_of(connection_, "collection", "collections", collection.value));
        const auto computer = TRY(name_of(connection_, "device", "devices", device.value));
        const auto removed = TRY(connection_.query(
            "DELETE FROM collection_members WHERE collection_id = :a AND device_id = :b"
            " RETURNING device_id",
            {collection.value, device.value}));
        if (!removed.empty()) return {};
        return Error(Errc::not_found, computer + " is no direct member of " + room +
                                          "; why it is in there: muster collection explain");
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
    for (const auto& row : TRY(connection_.query(
             "SELECT c.id, c.name, c.created_at_ms, c.comment, c.rules, c.windows, c.priority,"
             " c.limiting_id FROM collections c " +
                 condition + " ORDER BY c.name_key",
             parameters))) {
        Collection collection;
        collection.id = CollectionId(row.integer(0));
        collection.name = row.text(1);
        collection.created_at = site::from_unix_milliseconds(row.integer(2));
        collection.comment = row.text(3);
        collection.rules = from_lines(row.text(4));
        collection.windows = from_lines(row.text(5));
        collection.priority = row.integer(6);
        if (!row.is_null(7)) collection.limiting = CollectionId(row.integer(7));
        place[collection.id.value] = collections.size();
        collections.push_back(std::move(collection));
    }
    for (const auto& row :
         TRY(connection_.query("SELECT l.collection_id, l.other_id, l.kind FROM collection_links l"
                               " JOIN collections c ON c.id = l.collection_id " +
                                   condition + " ORDER BY l.collection_id, l.other_id",
                               parameters))) {
        Collection& collection = collections[place.at(row.integer(0))];
        auto& others = row.text(2) == "exclude" ? collection.excludes : collection.includes;
        others.push_back(CollectionId(row.integer(1)));
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

Result<std::vector<Collection>> CollectionTable::page(const Page& page) {
    return connection_.read("list collections", [&] {
        std::vector<SqlValue> parameters;
        const std::string condition = page_condition("collections", page, "", parameters);
        return select("WHERE c.id " + condition, parameters);
    });
}

Result<std::vector<site::Variable>> CollectionTable::variables(CollectionId id) {
    return connection_.read("list variables",
                            [&] { return list_variables(connection_, "collection", id.value); });
}

Status CollectionTable::set_variable(CollectionId id, const site::Variable& variable) {
    return connection_.write("set variable", [&] {
        return store::set_variable(connection_, "collection", id.value, variable);
    });
}

Status CollectionTable::remove_variable(CollectionId id, std::string_view name) {
    return connection_.write("remove variable", [&] {
        return store::remove_variable(connection_, "collection", id.value, name);
    });
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
