// SPDX-License-Identifier: GPL-3.0-or-later
//
// Deployments, and which of them reach a device.
#pragma once

#include <optional>
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
    // The newest first, older than the one with the number `before` (0: from the newest on).
    Result<std::vector<site::Deployment>> page(std::int64_t before, std::int64_t limit,
                                               std::optional<site::DeploymentState> state = {},
                                               std::optional<site::CollectionId> collection = {});
    // Comment, times, rerun, windows and readiness become those of `deployment`. Errc::not_found.
    Status change(const site::Deployment& deployment);
    // Errc::not_found.
    Result<site::Deployment> find(site::DeploymentId id);
    // Of these collections, the newest first, cancelled ones too.
    Result<std::vector<site::Deployment>> of_collections(
        const std::vector<site::CollectionId>& collections);
    // Errc::not_found.
    Status set_state(site::DeploymentId id, site::DeploymentState state);

    // Replaces an earlier one of the same device. Errc::not_found: no such deployment or device.
    Status arm(const site::Arming& arming);
    Result<std::vector<site::Arming>> armings(site::DeviceId device);
    // As if the device had never run it: its progress and arming go, its step history stays.
    Status clear(site::DeploymentId deployment, site::DeviceId device);

private:
    Result<std::vector<site::Deployment>> select(std::string_view where,
                                                 const std::vector<SqlValue>& parameters);
    Result<site::Deployment> one(site::DeploymentId id);
    Connection& connection_;
};

}  // namespace muster::store
