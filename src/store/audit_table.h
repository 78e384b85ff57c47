// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who changed what: a row for every administrative change, written in the transaction of the change
// itself. Rows are only added, and removed by age.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "site/ids.h"
#include "store/connection.h"

namespace muster::store {

struct AuditRecord {
    std::int64_t id = 0;
    site::WallTime at;
    std::string who;        // the token's name
    std::string operation;  // of docs/api.yaml
    std::string target;     // path of the request
    std::string before;     // JSON; empty: there was nothing
    std::string after;      // the same
};

class AuditTable {
public:
    explicit AuditTable(Connection& connection) : connection_(connection) {}

    Status add(const AuditRecord& record);
    // The newest first, older than the row `before` (0: from the newest on), at most `limit`.
    Result<std::vector<AuditRecord>> list(std::int64_t before, std::int64_t limit);
    Status remove_older_than(site::WallTime time);

private:
    Connection& connection_;
};

}  // namespace muster::store
