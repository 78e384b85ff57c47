// SPDX-License-Identifier: GPL-3.0-or-later
//
// Named sets of devices.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/device.h"
#include "store/connection.h"

namespace muster::store {

class CollectionTable {
public:
    explicit CollectionTable(Connection& connection) : connection_(connection) {}

    // Errc::already_exists, invalid_argument (the name).
    Result<site::Collection> add(std::string_view name, site::WallTime now);
    // Errc::already_exists: it is in there. Errc::not_found: no such collection or device.
    Status add_member(site::CollectionId collection, site::DeviceId device);
    Result<std::vector<site::Collection>> list();  // by name, with members
    // Errc::not_found, listing what there is.
    Result<site::Collection> find(std::string_view name_or_id);
    Result<site::Collection> find(site::CollectionId id);

private:
    Result<std::vector<site::Collection>> select(std::string_view where,
                                                 const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
