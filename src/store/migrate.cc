// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "store/migrations.h"
#include "store/sql_text.h"

namespace muster::store {

namespace {

Result<std::int64_t> current_version(Connection& connection) {
    if (!TRY(connection.has_table("schema_migrations"))) {
        if (TRY(connection.is_empty())) return std::int64_t{0};
        return Error(Errc::invalid_argument, "site database " + connection.path() +
                                                 ": it has other tables, it is no Muster "
                                                 "database; name another one");
    }
    auto rows = TRY(connection.query("SELECT COALESCE(MAX(number), 0) FROM schema_migrations", {}));
    return rows.at(0).integer(0);
}

Status apply(Connection& connection, const Migration& step) {
    if (step.number == 1) {
        TRY(connection.execute("CREATE TABLE schema_migrations (number BIGINT PRIMARY KEY)"));
    }
    for (std::string sql : step.statements) {
        replace_word(sql, "{id}", connection.id_column_sql());
        replace_word(sql, "TEXT", connection.text_column_sql());
        TRY(connection.execute(sql));
    }
    return connection.execute("INSERT INTO schema_migrations (number) VALUES (:a)", {step.number});
}

}  // namespace

Status migrate(Connection& connection, std::span<const Migration> known) {
    CHECK(!known.empty() && known.front().number == 1);
    const std::int64_t newest = known.back().number;
    for (const auto& step : known) {
        // Asked again inside the transaction: another program may have been faster.
        const std::string what = "migration " + std::to_string(step.number);
        const Status applied = connection.write(what, [&]() -> Status {
            if (TRY(current_version(connection)) >= step.number) return {};
            return apply(connection, step);
        });
        if (!applied.ok()) return applied.error();
    }
    const auto version = TRY(current_version(connection));
    if (version > newest) {
        return Error(Errc::version_mismatch,
                     "site database " + connection.path() + ": it is version " +
                         std::to_string(version) + ", this muster knows up to " +
                         std::to_string(newest) + "; use the newer muster or a backup from before");
    }
    return {};
}

}  // namespace muster::store
