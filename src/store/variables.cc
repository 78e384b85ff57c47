// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/variables.h"

#include "site/names.h"

namespace muster::store {

namespace {

std::string table_of(std::string_view owner) { return std::string(owner) + "_variables"; }

}  // namespace

Result<std::vector<site::Variable>> list_variables(Connection& connection, std::string_view owner,
                                                   std::int64_t id) {
    std::vector<site::Variable> variables;
    for (const auto& row :
         TRY(connection.query("SELECT name, value, secret FROM " + table_of(owner) + " WHERE " +
                                  std::string(owner) + "_id = :a ORDER BY name_key",
                              {id}))) {
        variables.push_back({row.text(0), row.text(1), row.integer(2) != 0});
    }
    return variables;
}

Status set_variable(Connection& connection, std::string_view owner, std::int64_t id,
                    const site::Variable& variable) {
    const std::string key = std::string(owner) + "_id";
    return connection.execute(
        "INSERT INTO " + table_of(owner) + " (" + key +
            ", name, name_key, value, secret)"
            " VALUES (:a, :b, :c, :d, :e) ON CONFLICT (" +
            key +
            ", name_key) DO UPDATE SET"
            " name = excluded.name, value = excluded.value, secret = excluded.secret",
        {id, variable.name, site::name_key(variable.name), variable.value,
         std::int64_t{variable.secret}});
}

Status remove_variable(Connection& connection, std::string_view owner, std::int64_t id,
                       std::string_view name) {
    const auto removed =
        TRY(connection.query("DELETE FROM " + table_of(owner) + " WHERE " + std::string(owner) +
                                 "_id = :a AND name_key = :b RETURNING name",
                             {id, site::name_key(name)}));
    if (!removed.empty()) return {};
    std::string known;
    for (const auto& each : TRY(list_variables(connection, owner, id))) {
        known += (known.empty() ? "" : ", ") + each.name;
    }
    return Error(Errc::not_found, "no variable named " + site::printable(name) +
                                      " (known: " + (known.empty() ? "none" : known) + ")");
}

}  // namespace muster::store
