// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/deployment_table.h"

#include <algorithm>
#include <limits>
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

site::WallTime time_at(const Row& row, std::size_t column) {
    return site::from_unix_milliseconds(row.integer(column));
}

std::string to_text(const std::vector<site::Environment>& environments) {
    std::string text;
    for (auto each : environments) {
        text += (text.empty() ? "" : ",") + std::string(site::to_string(each));
    }
    return text;
}

std::vector<site::Environment> environments_from(std::string_view text) {
    std::vector<site::Environment> environments;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        if (auto known = site::environment_from(text.substr(0, end))) {
            environments.push_back(*known);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return environments;
}

SqlValue point_of(const Deployment& deployment) {
    if (deployment.point_id.value == 0) return std::monostate{};
    return deployment.point_id.value;
}

Deployment deployment_from(const Row& row) {
    Deployment deployment;
    deployment.id = DeploymentId(row.integer(0));
    deployment.sequence_id = site::SequenceId(row.integer(1));
    deployment.sequence_name = row.text(2);
    deployment.sequence_version = row.integer(3);
    deployment.collection_id = site::CollectionId(row.integer(4));
    deployment.collection_name = row.text(5);
    deployment.start_rule.min_clients = row.integer(6);
    deployment.start_rule.max_wait_seconds = row.integer(7);
    deployment.purpose =
        site::deployment_purpose_from(row.text(8)).value_or(site::DeploymentPurpose::required);
    // An unknown state must not erase a disk.
    deployment.state =
        site::deployment_state_from(row.text(9)).value_or(site::DeploymentState::cancelled);
    deployment.created_at = time_at(row, 10);
    deployment.point_id = site::PointId(row.integer(11));
    deployment.comment = row.text(12);
    deployment.available_from = time_at(row, 13);
    deployment.deadline = time_at(row, 14);
    deployment.expires = time_at(row, 15);
    deployment.armed_until = time_at(row, 16);
    deployment.time_zone = row.text(17);
    deployment.rerun = site::rerun_from(row.text(18)).value_or(site::Rerun::never);
    deployment.offered_to = environments_from(row.text(19));
    deployment.wake_on_lan = row.integer(20) != 0;
    deployment.pre_stage = row.integer(21) != 0;
    deployment.ignore_windows = row.integer(22) != 0;
    deployment.start_rule.at = time_at(row, 23);
    deployment.start_rule.when_all = row.integer(24) != 0;
    deployment.start_rule.by_hand = row.integer(25) != 0;
    deployment.readiness_minutes = row.integer(26);
    return deployment;
}

}  // namespace

Result<Deployment> DeploymentTable::add(const Deployment& deployment) {
    TRY(site::check_start_rule(deployment.start_rule));
    return connection_.write("add deployment", [&]() -> Result<Deployment> {
        TRY(require(connection_, "task sequence", "sequences", deployment.sequence_id.value));
        TRY(require(connection_, "collection", "collections", deployment.collection_id.value));
        using site::to_unix_milliseconds;
        const auto& rule = deployment.start_rule;
        auto rows = TRY(connection_.query(
            "INSERT INTO deployments (sequence_id, collection_id, min_clients, max_wait_seconds,"
            " purpose, state, created_at_ms, point_id, comment, available_from_ms, deadline_ms,"
            " expires_ms, armed_until_ms, time_zone, rerun, offered_to, wake_on_lan, pre_stage,"
            " ignore_windows, start_at_ms, start_when_all, start_by_hand, readiness_minutes)"
            " VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p, :q, :r, :s,"
            " :t, :u, :v, :w) RETURNING id",
            {deployment.sequence_id.value,
             deployment.collection_id.value,
             rule.min_clients,
             rule.max_wait_seconds,
             std::string(site::to_string(deployment.purpose)),
             std::string(site::to_string(deployment.state)),
             to_unix_milliseconds(deployment.created_at),
             point_of(deployment),
             deployment.comment,
             to_unix_milliseconds(deployment.available_from),
             to_unix_milliseconds(deployment.deadline),
             to_unix_milliseconds(deployment.expires),
             to_unix_milliseconds(deployment.armed_until),
             deployment.time_zone,
             std::string(site::to_string(deployment.rerun)),
             to_text(deployment.offered_to),
             std::int64_t{deployment.wake_on_lan},
             std::int64_t{deployment.pre_stage},
             std::int64_t{deployment.ignore_windows},
             to_unix_milliseconds(rule.at),
             std::int64_t{rule.when_all},
             std::int64_t{rule.by_hand},
             deployment.readiness_minutes}));
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
             " d.min_clients, d.max_wait_seconds, d.purpose, d.state, d.created_at_ms,"
             " d.point_id, d.comment, d.available_from_ms, d.deadline_ms, d.expires_ms,"
             " d.armed_until_ms, d.time_zone, d.rerun, d.offered_to, d.wake_on_lan, d.pre_stage,"
             " d.ignore_windows, d.start_at_ms, d.start_when_all, d.start_by_hand,"
             " d.readiness_minutes"
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

Result<std::vector<Deployment>> DeploymentTable::page(
    std::int64_t before, std::int64_t limit, std::optional<site::DeploymentState> state,
    std::optional<site::CollectionId> collection) {
    return connection_.read("list deployments", [&] {
        std::string also;
        std::vector<SqlValue> parameters = {before > 0 ? before
                                                       : std::numeric_limits<std::int64_t>::max()};
        if (state) also += " AND state = '" + std::string(site::to_string(*state)) + "'";
        if (collection) {
            also += " AND collection_id = :b";
            parameters.emplace_back(collection->value);
        }
        return select("WHERE d.id IN (SELECT id FROM deployments WHERE id < :a" + also +
                          " ORDER BY id DESC LIMIT " + std::to_string(limit) + ")",
                      parameters);
    });
}

Result<std::vector<Deployment>> DeploymentTable::of_collections(
    const std::vector<site::CollectionId>& collections) {
    if (collections.empty()) return std::vector<Deployment>();
    return connection_.read("deployments of a device", [&] {
        std::string ids;
        for (auto id : collections) ids += (ids.empty() ? "" : ",") + std::to_string(id.value);
        return select("WHERE d.collection_id IN (" + ids + ")", {});
    });
}

Status DeploymentTable::change(const Deployment& deployment) {
    using site::to_unix_milliseconds;
    return connection_.write("change deployment", [&]() -> Status {
        const auto rows = TRY(connection_.query(
            "UPDATE deployments SET comment = :a, available_from_ms = :b, deadline_ms = :c,"
            " expires_ms = :d, rerun = :e, ignore_windows = :f, readiness_minutes = :g"
            " WHERE id = :h RETURNING id",
            {deployment.comment, to_unix_milliseconds(deployment.available_from),
             to_unix_milliseconds(deployment.deadline), to_unix_milliseconds(deployment.expires),
             std::string(site::to_string(deployment.rerun)),
             std::int64_t{deployment.ignore_windows}, deployment.readiness_minutes,
             deployment.id.value}));
        if (rows.empty()) return unknown_deployment(deployment.id);
        return {};
    });
}

Status DeploymentTable::arm(const site::Arming& arming) {
    return connection_.write("arm deployment", [&]() -> Status {
        TRY(require(connection_, "deployment", "deployments", arming.deployment_id.value));
        TRY(require(connection_, "device", "devices", arming.device_id.value));
        return connection_.execute(
            "INSERT INTO armings (deployment_id, device_id, at_ms, until_ms, who)"
            " VALUES (:a, :b, :c, :d, :e) ON CONFLICT (deployment_id, device_id) DO UPDATE SET"
            " at_ms = excluded.at_ms, until_ms = excluded.until_ms, who = excluded.who",
            {arming.deployment_id.value, arming.device_id.value,
             site::to_unix_milliseconds(arming.at), site::to_unix_milliseconds(arming.until),
             arming.who});
    });
}

Result<std::vector<site::Arming>> DeploymentTable::armings(site::DeviceId device) {
    return connection_.read("list armings", [&]() -> Result<std::vector<site::Arming>> {
        std::vector<site::Arming> armings;
        for (const auto& row : TRY(connection_.query(
                 "SELECT deployment_id, at_ms, until_ms, who FROM armings WHERE device_id = :a",
                 {device.value}))) {
            armings.push_back({DeploymentId(row.integer(0)), device, time_at(row, 1),
                               time_at(row, 2), row.text(3)});
        }
        return armings;
    });
}

Status DeploymentTable::clear(DeploymentId deployment, site::DeviceId device) {
    return connection_.write("clear deployment", [&]() -> Status {
        for (const char* table : {"device_progress", "armings"}) {
            TRY(connection_.execute("DELETE FROM " + std::string(table) +
                                        " WHERE deployment_id = :a AND device_id = :b",
                                    {deployment.value, device.value}));
        }
        return {};
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
