// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sequence_table.h"

#include "site/names.h"
#include "store/lookup.h"

namespace muster::store {

using site::SequenceId;
using site::SequenceRecord;

Result<SequenceRecord> SequenceTable::add(std::string_view name, std::string_view text,
                                          site::WallTime now) {
    TRY(site::check_name("task sequence", name));
    return connection_.write(
        "add task sequence " + std::string(name), [&]() -> Result<SequenceRecord> {
            auto newest = TRY(connection_.query(
                "SELECT COALESCE(MAX(version), 0) FROM sequences WHERE name_key = :a",
                {site::name_key(name)}));
            SequenceRecord record;
            record.name = name;
            record.version = newest.at(0).integer(0) + 1;
            record.text = text;
            record.created_at = now;
            auto rows = TRY(connection_.query(
                "INSERT INTO sequences (name, name_key, version, text, created_at_ms)"
                " VALUES (:a, :b, :c, :d, :e) RETURNING id",
                {record.name, site::name_key(name), record.version, record.text,
                 site::to_unix_milliseconds(now)}));
            record.id = SequenceId(rows.at(0).integer(0));
            return record;
        });
}

Result<std::vector<SequenceRecord>> SequenceTable::select(std::string_view where,
                                                          const std::vector<SqlValue>& parameters) {
    std::vector<SequenceRecord> records;
    for (const auto& row : TRY(connection_.query(
             "SELECT s.id, s.name, s.version, s.text, s.created_at_ms FROM sequences s " +
                 std::string(where) + " ORDER BY s.name_key",
             parameters))) {
        SequenceRecord record;
        record.id = SequenceId(row.integer(0));
        record.name = row.text(1);
        record.version = row.integer(2);
        record.text = row.text(3);
        record.created_at = site::from_unix_milliseconds(row.integer(4));
        records.push_back(std::move(record));
    }
    return records;
}

Result<std::vector<SequenceRecord>> SequenceTable::list() {
    return connection_.read("list task sequences", [&] {
        return select(
            "WHERE s.version = (SELECT MAX(version) FROM sequences n"
            " WHERE n.name_key = s.name_key)",
            {});
    });
}

Result<SequenceRecord> SequenceTable::find(std::string_view name_or_id) {
    return connection_.read("find task sequence", [&]() -> Result<SequenceRecord> {
        const auto id = TRY(find_id(connection_, "task sequence", "sequences", name_or_id));
        return TRY(select("WHERE s.id = :a", {id})).at(0);
    });
}

Result<SequenceRecord> SequenceTable::find(SequenceId id) {
    return connection_.read("find task sequence", [&]() -> Result<SequenceRecord> {
        auto found = TRY(select("WHERE s.id = :a", {id.value}));
        if (found.empty()) return unknown_id(connection_, "task sequence", "sequences", id.value);
        return found[0];
    });
}

Status SequenceTable::remove(std::string_view name_or_id) {
    return connection_.write("remove task sequence", [&]() -> Status {
        const auto record = TRY(find(name_or_id));
        const auto key = site::name_key(record.name);
        std::string users;
        for (const auto& row : TRY(connection_.query(
                 "SELECT d.id FROM deployments d JOIN sequences s ON s.id = d.sequence_id"
                 " WHERE s.name_key = :a ORDER BY d.id",
                 {key}))) {
            users += (users.empty() ? "" : ", ") + std::to_string(row.integer(0));
        }
        if (!users.empty()) {
            return Error(Errc::busy, record.name + " is used by deployment " + users);
        }
        return connection_.execute("DELETE FROM sequences WHERE name_key = :a", {key});
    });
}

}  // namespace muster::store
