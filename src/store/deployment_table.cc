// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/deployment_table.h"

#include <map>

#include "store/lookup.h"

namespace muster::store {

namespace {

using site::Deployment;
using site::DeploymentId;

Status require(Connection& connection, std::string_view kind, std::string_view table,
               std::int64_t id) {
    auto rows =
        TRY(connection.query("SELECT id FROM " + std::string(table) + " WHERE id = :a", {id}));
    if (rows.empty()) return unknown_id(connection, kind, table, id);
    return {};
}

Error unknown_deployment(DeploymentId id) {
    return {Errc::not_found, "no deployment with id " + std::to_string(id.value)};
}

Deployment deployment_from(const Row& row) {
    Deployment deployment;
    deployment.id = DeploymentId(row.integer(0));
    deployment.sequence_id = site::SequenceId(row.integer(1));
    deployment.sequence_name = row.text(2);
    deployment.sequence_version = row.integer(3);
    deployment.collection_id = site::CollectionId(row.integer(4));
    deployment.collection_name = row.text(5);
    deployment.start_rule = {row.integer(6), row.integer(7)};
    deployment.purpose =
        site::deployment_purpose_from(row.text(8)).value_or(site::DeploymentPurpose::required);
    // An unknown state must not erase a disk.
    deployment.state =
        site::deployment_state_from(row.text(9)).value_or(site::DeploymentState::cancelled);
    deployment.created_at = site::from_unix_milliseconds(row.integer(10));
    return deployment;
}

}  // namespace

Result<Deployment> DeploymentTable::add(const Deployment& deployment) {
    TRY(site::check_start_rule(deployment.start_rule));
    return connection_.write("add deployment", [&]() -> Result<Deployment> {
        TRY(require(connection_, "task sequence", "sequences", deployment.sequence_id.value));
        TRY(require(connection_, "collection", "collections", deployment.collection_id.value));
        auto rows = TRY(connection_.query(
            "INSERT INTO deployments (sequence_id, collection_id, min_clients, max_wait_seconds,"
            " purpose, state, created_at_ms) VALUES (:a, :b, :c, :d, :e, :f, :g) RETURNING id",
            {deployment.sequence_id.value, deployment.collection_id.value,
             deployment.start_rule.min_clients, deployment.start_rule.max_wait_seconds,
             std::string(site::to_string(deployment.purpose)),
             std::string(site::to_string(deployment.state)),
             site::to_unix_milliseconds(deployment.created_at)}));
        const DeploymentId id(rows.at(0).integer(0));
        for (auto image : deployment.image_ids) {
            TRY(require(connection_, "image", "images", image.value));
            TRY(
                connection_.execute("INSERT INTO deployment_images (deployment_id, image_id)"
                                    " VALUES (:a, :b) ON CONFLICT DO NOTHING",
                                    {id.value, image.value}));
        }
        return one(id);
    });
}

Result<std::vector<Deployment>> DeploymentTable::select(std::string_view where,
                                                        const std::vector<SqlValue>& parameters) {
    std::vector<Deployment> deployments;
    std::map<std::int64_t, std::size_t> place;
    const std::string condition(where);
    for (const auto& row : TRY(connection_.query(
             "SELECT d.id, d.sequence_id, s.name, s.version, d.collection_id, c.name,"
             " d.min_clients, d.max_wait_seconds, d.purpose, d.state, d.created_at_ms"
             " FROM deployments d JOIN sequences s ON s.id = d.sequence_id"
             " JOIN collections c ON c.id = d.collection_id " +
                 condition + " ORDER BY d.id DESC",
             parameters))) {
        place[row.integer(0)] = deployments.size();
        deployments.push_back(deployment_from(row));
    }
    for (const auto& row :
         TRY(connection_.query("SELECT u.deployment_id, u.image_id FROM deployment_images u"
                               " JOIN deployments d ON d.id = u.deployment_id " +
                                   condition + " ORDER BY u.deployment_id, u.image_id",
                               parameters))) {
        deployments[place.at(row.integer(0))].image_ids.push_back(site::ImageId(row.integer(1)));
    }
    return deployments;
}

Result<Deployment> DeploymentTable::one(DeploymentId id) {
    auto found = TRY(select("WHERE d.id = :a", {id.value}));
    if (found.empty()) return unknown_deployment(id);
    return found[0];
}

Result<std::vector<Deployment>> DeploymentTable::list() {
    return connection_.read("list deployments", [&] { return select("", {}); });
}

Result<Deployment> DeploymentTable::find(DeploymentId id) {
    return connection_.read("find deployment", [&] { return one(id); });
}

Result<std::vector<Deployment>> DeploymentTable::for_device(site::DeviceId device) {
    return connection_.read("deployments of a device", [&] {
        return select(
            "WHERE d.collection_id IN (SELECT collection_id FROM collection_members"
            " WHERE device_id = :a)",
            {device.value});
    });
}

Status DeploymentTable::set_state(DeploymentId id, site::DeploymentState state) {
    return connection_.write("set deployment state", [&]() -> Status {
        auto rows =
            TRY(connection_.query("UPDATE deployments SET state = :a WHERE id = :b RETURNING id",
                                  {std::string(site::to_string(state)), id.value}));
        if (rows.empty()) return unknown_deployment(id);
        return {};
    });
}

}  // namespace muster::store
