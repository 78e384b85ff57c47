// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/audit_table.h"

#include <limits>

namespace muster::store {

Status AuditTable::add(const AuditRecord& record) {
    return connection_.write("write down the change", [&] {
        return connection_.execute(
            "INSERT INTO audit (at_ms, who, operation, target, before, after)"
            " VALUES (:a, :b, :c, :d, :e, :f)",
            {site::to_unix_milliseconds(record.at), record.who, record.operation, record.target,
             record.before, record.after});
    });
}

Result<std::vector<AuditRecord>> AuditTable::list(std::int64_t before, std::int64_t limit) {
    return connection_.read("list changes", [&]() -> Result<std::vector<AuditRecord>> {
        std::vector<AuditRecord> records;
        const auto newest = before > 0 ? before : std::numeric_limits<std::int64_t>::max();
        for (const auto& row : TRY(connection_.query(
                 "SELECT id, at_ms, who, operation, target, before, after FROM audit"
                 " WHERE id < :a ORDER BY id DESC LIMIT " +
                     std::to_string(limit),
                 {newest}))) {
            records.push_back({row.integer(0), site::from_unix_milliseconds(row.integer(1)),
                               row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)});
        }
        return records;
    });
}

Status AuditTable::remove_older_than(site::WallTime time) {
    return connection_.write("forget old changes", [&] {
        return connection_.execute("DELETE FROM audit WHERE at_ms < :a",
                                   {site::to_unix_milliseconds(time)});
    });
}

}  // namespace muster::store
