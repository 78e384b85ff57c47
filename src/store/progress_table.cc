// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/progress_table.h"

#include <cmath>

#include "store/sql_text.h"

namespace muster::store {

namespace {

using site::DeviceProgress;
using site::StepEvent;

constexpr std::string_view kUpsert =
    "INSERT INTO device_progress (deployment_id, device_id, state, step_index, step_name, stage,"
    " progress, rate_bytes_per_second, missing_blocks, message, blocks_received, blocks_repaired,"
    " loss, seconds, verified, updated_at_ms, unicast_bytes)"
    " VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p, :q)"
    " ON CONFLICT (deployment_id, device_id) DO UPDATE SET state = excluded.state,"
    " step_index = excluded.step_index, step_name = excluded.step_name, stage = excluded.stage,"
    " progress = excluded.progress, rate_bytes_per_second = excluded.rate_bytes_per_second,"
    " missing_blocks = excluded.missing_blocks, message = excluded.message,"
    " blocks_received = excluded.blocks_received, blocks_repaired = excluded.blocks_repaired,"
    " unicast_bytes = excluded.unicast_bytes,"
    " loss = excluded.loss, seconds = excluded.seconds, verified = excluded.verified,"
    " updated_at_ms = excluded.updated_at_ms";

// What a computer says is kept as far as it can be, so that it does not stop the others' reports.
double finite(double value) { return std::isfinite(value) ? value : 0.0; }

DeviceProgress progress_from(const Row& row) {
    DeviceProgress record;
    record.deployment_id = site::DeploymentId(row.integer(0));
    record.device_id = site::DeviceId(row.integer(1));
    // An unknown state counts as ended: it must not make a computer start over.
    record.state = site::progress_state_from(row.text(2)).value_or(site::ProgressState::cancelled);
    record.step_index = row.integer(3);
    record.step_name = row.text(4);
    record.stage = row.text(5);
    record.progress = row.real(6);
    record.rate_bytes_per_second = row.real(7);
    record.missing_blocks = row.integer(8);
    record.message = row.text(9);
    record.counters = {row.integer(10), row.integer(11), row.real(12), row.real(13),
                       row.integer(16)};
    record.verified = row.integer(14) != 0;
    record.updated_at = site::from_unix_milliseconds(row.integer(15));
    return record;
}

}  // namespace

Status ProgressTable::upsert(std::span<const DeviceProgress> records) {
    return connection_.write("store progress", [&]() -> Status {
        for (const auto& record : records) {
            TRY(connection_.execute(
                kUpsert,
                {record.deployment_id.value, record.device_id.value,
                 std::string(site::to_string(record.state)), record.step_index,
                 storable(record.step_name), storable(record.stage), finite(record.progress),
                 finite(record.rate_bytes_per_second), record.missing_blocks,
                 storable(record.message), record.counters.blocks_received,
                 record.counters.blocks_repaired, finite(record.counters.loss),
                 finite(record.counters.seconds), std::int64_t{record.verified ? 1 : 0},
                 site::to_unix_milliseconds(record.updated_at), record.counters.unicast_bytes}));
        }
        return {};
    });
}

Result<std::vector<DeviceProgress>> ProgressTable::select(std::string_view where,
                                                          const std::vector<SqlValue>& parameters) {
    std::vector<DeviceProgress> records;
    for (const auto& row : TRY(connection_.query(
             "SELECT deployment_id, device_id, state, step_index, step_name, stage, progress,"
             " rate_bytes_per_second, missing_blocks, message, blocks_received, blocks_repaired,"
             " loss, seconds, verified, updated_at_ms, unicast_bytes FROM device_progress " +
                 std::string(where) + " ORDER BY deployment_id, device_id",
             parameters))) {
        records.push_back(progress_from(row));
    }
    return records;
}

Result<std::vector<DeviceProgress>> ProgressTable::list(site::DeploymentId deployment) {
    return connection_.read("list progress",
                            [&] { return select("WHERE deployment_id = :a", {deployment.value}); });
}

Result<std::vector<DeviceProgress>> ProgressTable::for_device(site::DeviceId device) {
    return connection_.read("progress of a device",
                            [&] { return select("WHERE device_id = :a", {device.value}); });
}

Result<std::optional<DeviceProgress>> ProgressTable::find(site::DeploymentId deployment,
                                                          site::DeviceId device) {
    return connection_.read("find progress", [&]() -> Result<std::optional<DeviceProgress>> {
        auto found = TRY(select("WHERE deployment_id = :a AND device_id = :b",
                                {deployment.value, device.value}));
        if (found.empty()) return std::optional<DeviceProgress>();
        return std::optional<DeviceProgress>(found[0]);
    });
}

Status ProgressTable::append_steps(std::span<const StepEvent> events) {
    return connection_.write("store step history", [&]() -> Status {
        for (const auto& event : events) {
            TRY(connection_.execute(
                "INSERT INTO step_history (deployment_id, device_id, step_index, step_name,"
                " outcome, message, at_ms, output) VALUES (:a, :b, :c, :d, :e, :f, :g, :h)",
                {event.deployment_id.value, event.device_id.value, event.step_index,
                 storable(event.step_name), std::string(site::to_string(event.outcome)),
                 storable(event.message), site::to_unix_milliseconds(event.at),
                 storable(event.output)}));
        }
        return {};
    });
}

namespace {

Result<std::vector<StepEvent>> read_steps(Connection& connection, std::string_view where,
                                          const std::vector<SqlValue>& parameters) {
    std::vector<StepEvent> events;
    for (const auto& row : TRY(connection.query(
             "SELECT deployment_id, device_id, step_index, step_name, outcome, message, at_ms,"
             " output FROM step_history " +
                 std::string(where) + " ORDER BY id",
             parameters))) {
        StepEvent event;
        event.deployment_id = site::DeploymentId(row.integer(0));
        event.device_id = site::DeviceId(row.integer(1));
        event.step_index = row.integer(2);
        event.step_name = row.text(3);
        event.outcome = site::step_outcome_from(row.text(4)).value_or(site::StepOutcome::failed);
        event.message = row.text(5);
        event.at = site::from_unix_milliseconds(row.integer(6));
        event.output = row.text(7);
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace

Result<std::vector<StepEvent>> ProgressTable::steps(site::DeploymentId deployment,
                                                    site::DeviceId device) {
    return connection_.read("read step history", [&] {
        return read_steps(connection_, "WHERE deployment_id = :a AND device_id = :b",
                          {deployment.value, device.value});
    });
}

Result<std::vector<StepEvent>> ProgressTable::steps(site::DeviceId device) {
    return connection_.read("read step history", [&] {
        return read_steps(connection_, "WHERE device_id = :a", {device.value});
    });
}

Status ProgressTable::append_log(std::span<const site::LogLine> lines) {
    return connection_.write("store log lines", [&]() -> Status {
        for (const auto& line : lines) {
            TRY(connection_.execute(
                "INSERT INTO device_log (device_id, deployment_id, at_ms, level, step_index, text)"
                " VALUES (:a, :b, :c, :d, :e, :f)",
                {line.device_id.value, line.deployment_id.value,
                 site::to_unix_milliseconds(line.at), storable(line.level), line.step_index,
                 storable(line.text)}));
        }
        return {};
    });
}

Result<std::vector<site::LogLine>> ProgressTable::log(site::DeviceId device, std::int64_t after,
                                                      std::int64_t limit) {
    return connection_.read("read log lines", [&]() -> Result<std::vector<site::LogLine>> {
        std::vector<site::LogLine> lines;
        for (const auto& row : TRY(connection_.query(
                 "SELECT id, deployment_id, at_ms, level, step_index, text FROM device_log"
                 " WHERE device_id = :a AND id > :b ORDER BY id LIMIT " +
                     std::to_string(limit),
                 {device.value, after}))) {
            lines.push_back({row.integer(0), device, site::DeploymentId(row.integer(1)),
                             site::from_unix_milliseconds(row.integer(2)), row.text(3),
                             row.integer(4), row.text(5)});
        }
        return lines;
    });
}

Result<std::vector<DeviceProgress>> ProgressTable::applied() {
    return connection_.read("list what is applied", [&] {
        return select("WHERE state = :a",
                      {std::string(site::to_string(site::ProgressState::applied))});
    });
}

Status ProgressTable::remove_steps_older_than(site::WallTime time) {
    return connection_.write("forget old steps", [&] {
        return connection_.execute("DELETE FROM step_history WHERE at_ms < :a",
                                   {site::to_unix_milliseconds(time)});
    });
}

Status ProgressTable::remove_log_older_than(site::WallTime time) {
    return connection_.write("forget old log lines", [&] {
        return connection_.execute("DELETE FROM device_log WHERE at_ms < :a",
                                   {site::to_unix_milliseconds(time)});
    });
}

}  // namespace muster::store
