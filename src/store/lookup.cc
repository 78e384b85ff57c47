// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/lookup.h"

#include <charconv>

#include "site/names.h"

namespace muster::store {

namespace {

constexpr std::size_t kShownNames = 8;

// " (known: PC-01, PC-02 and 3 more)", or " (there is none yet)".
Result<std::string> known_names(Connection& connection, std::string_view table) {
    const std::string from = " FROM " + std::string(table);
    auto names = TRY(connection.query(
        "SELECT DISTINCT name" + from + " ORDER BY name LIMIT " + std::to_string(kShownNames), {}));
    if (names.empty()) return std::string(" (there is none yet)");
    auto count = TRY(connection.query("SELECT COUNT(DISTINCT name)" + from, {}));
    std::string shown;
    for (const auto& row : names) shown += (shown.empty() ? "" : ", ") + row.text(0);
    const auto more = count.at(0).integer(0) - static_cast<std::int64_t>(names.size());
    if (more > 0) shown += " and " + std::to_string(more) + " more";
    return " (known: " + shown + ")";
}

Error not_found(Connection& connection, std::string_view table, const std::string& what) {
    auto known = known_names(connection, table);
    if (!known.ok()) return known.error();
    return {Errc::not_found, what + *known};
}

}  // namespace

Result<std::int64_t> find_id(Connection& connection, std::string_view kind, std::string_view table,
                             std::string_view name_or_id) {
    const std::string from = "SELECT id FROM " + std::string(table);
    std::vector<Row> rows;
    if (site::is_id_text(name_or_id)) {
        std::int64_t id = 0;
        const char* end = name_or_id.data() + name_or_id.size();
        if (std::from_chars(name_or_id.data(), end, id).ec == std::errc()) {
            rows = TRY(connection.query(from + " WHERE id = :a", {id}));
        }
    } else {
        rows = TRY(connection.query(from + " WHERE name_key = :a ORDER BY id DESC LIMIT 1",
                                    {site::name_key(name_or_id)}));
    }
    if (!rows.empty()) return rows[0].integer(0);
    const std::string what = "no " + std::string(kind) +
                             (site::is_id_text(name_or_id) ? " with id " : " named ") +
                             site::printable(name_or_id);
    return not_found(connection, table, what);
}

Error unknown_id(Connection& connection, std::string_view kind, std::string_view table,
                 std::int64_t id) {
    return not_found(connection, table,
                     "no " + std::string(kind) + " with id " + std::to_string(id));
}

}  // namespace muster::store
