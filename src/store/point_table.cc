// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/point_table.h"

#include "site/names.h"
#include "store/lookup.h"

namespace muster::store {

namespace {
constexpr std::string_view kKind = "distribution point";
constexpr std::string_view kTable = "distribution_points";
}  // namespace

Status PointTable::refuse_taken(const PointRecord& point) {
    TRY(site::check_name(kKind, point.name));
    const auto same = TRY(
        connection_.query("SELECT name FROM distribution_points WHERE name_key = :a AND id <> :b",
                          {site::name_key(point.name), point.id.value}));
    if (same.empty()) return {};
    return Error(Errc::already_exists, "a distribution point named " + same[0].text(0) + " exists");
}

Result<PointRecord> PointTable::add(const PointRecord& point) {
    return connection_.write("add distribution point", [&]() -> Result<PointRecord> {
        TRY(refuse_taken(point));
        const auto rows = TRY(connection_.query(
            "INSERT INTO distribution_points (name, name_key, settings, created_at_ms)"
            " VALUES (:a, :b, :c, :d) RETURNING id",
            {point.name, site::name_key(point.name), point.settings,
             site::to_unix_milliseconds(point.created_at)}));
        PointRecord added = point;
        added.id = site::PointId(rows.at(0).integer(0));
        return added;
    });
}

Status PointTable::change(const PointRecord& point) {
    return connection_.write("change distribution point", [&]() -> Status {
        TRY(refuse_taken(point));
        const auto rows = TRY(connection_.query(
            "UPDATE distribution_points SET name = :a, name_key = :b, settings = :c"
            " WHERE id = :d RETURNING id",
            {point.name, site::name_key(point.name), point.settings, point.id.value}));
        if (rows.empty()) return unknown_id(connection_, kKind, kTable, point.id.value);
        return {};
    });
}

Result<std::vector<PointRecord>> PointTable::select(std::string_view where,
                                                    const std::vector<SqlValue>& parameters) {
    std::vector<PointRecord> points;
    for (const auto& row : TRY(connection_.query(
             "SELECT id, name, settings, created_at_ms FROM distribution_points " +
                 std::string(where) + " ORDER BY id",
             parameters))) {
        points.push_back({site::PointId(row.integer(0)), row.text(1), row.text(2),
                          site::from_unix_milliseconds(row.integer(3))});
    }
    return points;
}

Result<std::vector<PointRecord>> PointTable::list() {
    return connection_.read("list distribution points", [&] { return select("", {}); });
}

Result<PointRecord> PointTable::find(std::string_view name_or_id) {
    return connection_.read("find distribution point", [&]() -> Result<PointRecord> {
        const auto id = TRY(find_id(connection_, kKind, kTable, name_or_id));
        return TRY(select("WHERE id = :a", {id})).at(0);
    });
}

}  // namespace muster::store
