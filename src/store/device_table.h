// SPDX-License-Identifier: GPL-3.0-or-later
//
// The computers the site knows, and the hash of the token each of them presents (see
// token_table.h for why only a hash).
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/device.h"
#include "store/connection.h"
#include "store/pages.h"

namespace muster::store {

class DeviceTable {
public:
    explicit DeviceTable(Connection& connection) : connection_(connection) {}

    // Returns it with its id. Errc::already_exists: the name or a MAC address belongs to another
    // device (named). Errc::invalid_argument as in site::checked_device.
    Result<site::Device> add(const site::Device& device);
    Result<std::vector<site::Device>> list();  // by name
    // `approval`: only those; `among`: only these, unless it is nothing.
    Result<std::vector<site::Device>> page(const Page& page,
                                           std::optional<site::Approval> approval = {},
                                           const std::vector<site::DeviceId>* among = nullptr);
    // Errc::not_found, listing what there is.
    Result<site::Device> find(std::string_view name_or_id);
    Result<site::Device> find(site::DeviceId id);
    // `mac` in any form site::parse_mac takes. Errc::not_found, invalid_argument.
    Result<site::Device> find_by_mac(std::string_view mac);

    // Name, addresses, UUID, serial, comment and approval become those of `device`; else as add().
    Status change(const site::Device& device);
    // Errc::busy: it is running something. Its records go with it.
    Status remove(site::DeviceId id);
    // What its agent reported. Errc::not_found.
    Status set_asset(site::DeviceId id, const std::string& json, site::WallTime at);
    // How far the reports of a run of its agent are recorded: 0 when they are of another run.
    Result<std::int64_t> recorded(site::DeviceId id, const std::string& run);
    Status set_recorded(site::DeviceId id, const std::string& run, std::int64_t seq);
    Result<std::vector<site::Variable>> variables(site::DeviceId id);
    Result<std::map<site::DeviceId, std::vector<site::Variable>>> all_variables();
    Status set_variable(site::DeviceId id, const site::Variable& variable);
    // Errc::not_found, listing what there is.
    Status remove_variable(site::DeviceId id, std::string_view name);

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
