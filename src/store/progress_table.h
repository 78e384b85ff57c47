// SPDX-License-Identifier: GPL-3.0-or-later
//
// How far each device is with each deployment (one row each, overwritten) and what its steps did
// (rows only added). A room reports every second, and every commit waits for the disk: hand in many
// records at once.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "site/progress.h"
#include "store/connection.h"

namespace muster::store {

class ProgressTable {
public:
    explicit ProgressTable(Connection& connection) : connection_(connection) {}

    // All or none. Numbers that are none (NaN, infinite) are stored as 0. Errc::not_found: a
    // record names a deployment or device that does not exist.
    Status upsert(std::span<const site::DeviceProgress> records);
    Result<std::vector<site::DeviceProgress>> list(site::DeploymentId deployment);  // by device id
    Result<std::vector<site::DeviceProgress>> for_device(site::DeviceId device);
    Result<std::optional<site::DeviceProgress>> find(site::DeploymentId deployment,
                                                     site::DeviceId device);

    // All or none, in order.
    Status append_steps(std::span<const site::StepEvent> events);
    // In the order appended.
    Result<std::vector<site::StepEvent>> steps(site::DeploymentId deployment,
                                               site::DeviceId device);

    // Steps of a device, of all deployments, in order.
    Result<std::vector<site::StepEvent>> steps(site::DeviceId device);

    // All or none, in order.
    Status append_log(std::span<const site::LogLine> lines);
    // Lines after the row `after`, at most `limit`.
    Result<std::vector<site::LogLine>> log(site::DeviceId device, std::int64_t after,
                                           std::int64_t limit);
    // Of every deployment and device: applied, and not confirmed yet.
    Result<std::vector<site::DeviceProgress>> applied();

    Status remove_steps_older_than(site::WallTime time);
    Status remove_log_older_than(site::WallTime time);

private:
    Result<std::vector<site::DeviceProgress>> select(std::string_view where,
                                                     const std::vector<SqlValue>& parameters);
    Connection& connection_;
};

}  // namespace muster::store
