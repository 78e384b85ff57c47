// SPDX-License-Identifier: GPL-3.0-or-later
//
// Deployments, and which of them reach a device.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/deployment.h"
#include "store/connection.h"

namespace muster::store {

class DeploymentTable {
public:
    explicit DeploymentTable(Connection& connection) : connection_(connection) {}

    // Of `deployment` its ids, images, rule, purpose, state and time count; returned with its own
    // id and the names. Errc::not_found: no such sequence, collection or image.
    // Errc::invalid_argument: the start rule.
    Result<site::Deployment> add(const site::Deployment& deployment);
    Result<std::vector<site::Deployment>> list();  // newest first
    // Errc::not_found.
    Result<site::Deployment> find(site::DeploymentId id);
    // All whose collection has the device, newest first, cancelled ones too.
    Result<std::vector<site::Deployment>> for_device(site::DeviceId device);
    // Errc::not_found.
    Status set_state(site::DeploymentId id, site::DeploymentState state);

private:
    Result<std::vector<site::Deployment>> select(std::string_view where,
                                                 const std::vector<SqlValue>& parameters);
    Result<site::Deployment> one(site::DeploymentId id);
    Connection& connection_;
};

}  // namespace muster::store
