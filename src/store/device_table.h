// SPDX-License-Identifier: GPL-3.0-or-later
//
// The computers the site knows, and the hash of the token each of them presents (see
// token_table.h for why only a hash).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/device.h"
#include "store/connection.h"

namespace muster::store {

class DeviceTable {
public:
    explicit DeviceTable(Connection& connection) : connection_(connection) {}

    // Returns it with its id. Errc::already_exists: the name or a MAC address belongs to another
    // device (named). Errc::invalid_argument as in site::checked_device.
    Result<site::Device> add(const site::Device& device);
    Result<std::vector<site::Device>> list();  // by name
    // Errc::not_found, listing what there is.
    Result<site::Device> find(std::string_view name_or_id);
    Result<site::Device> find(site::DeviceId id);
    // `mac` in any form site::parse_mac takes. Errc::not_found, invalid_argument.
    Result<site::Device> find_by_mac(std::string_view mac);

    // Replaces the token the device had. Errc::not_found: no such device.
    Status set_token(site::DeviceId id, std::string_view token_sha256);
    // Errc::unauthenticated: no device has this token.
    Result<site::Device> find_by_token(std::string_view token_sha256);

private:
    Result<std::vector<site::Device>> select(std::string_view where,
                                             const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
