// SPDX-License-Identifier: GPL-3.0-or-later
//
// Distribution points. Their settings are a JSON text that only the server reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"
#include "store/connection.h"

namespace muster::store {

struct PointRecord {
    site::PointId id;
    std::string name;
    std::string settings;  // JSON
    site::WallTime created_at;
};

class PointTable {
public:
    explicit PointTable(Connection& connection) : connection_(connection) {}

    // Returned with its id. Errc::already_exists, invalid_argument (the name).
    Result<PointRecord> add(const PointRecord& point);
    // Name and settings. Errors as add(), and not_found.
    Status change(const PointRecord& point);
    Result<std::vector<PointRecord>> list();  // in the order made; the first is the default
    // Errc::not_found, listing what there is.
    Result<PointRecord> find(std::string_view name_or_id);

private:
    Status refuse_taken(const PointRecord& point);
    Result<std::vector<PointRecord>> select(std::string_view where,
                                            const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
