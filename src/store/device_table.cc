// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/device_table.h"

#include <map>

#include "site/names.h"
#include "store/lookup.h"
#include "store/token_table.h"
#include "store/variables.h"

namespace muster::store {

namespace {

using site::Device;
using site::DeviceId;

Status refuse_taken(Connection& connection, const Device& device) {
    auto same = TRY(connection.query("SELECT name FROM devices WHERE name_key = :a AND id <> :b",
                                     {site::name_key(device.name), device.id.value}));
    if (!same.empty()) {
        return Error(Errc::already_exists, "a device named " + same[0].text(0) + " exists");
    }
    for (const auto& mac : device.macs) {
        auto owner =
            TRY(connection.query("SELECT d.name FROM device_macs m JOIN devices d"
                                 " ON d.id = m.device_id WHERE m.mac = :a AND d.id <> :b",
                                 {mac, device.id.value}));
        if (owner.empty()) continue;
        return Error(Errc::already_exists,
                     "MAC address " + mac + " belongs to the device " + owner[0].text(0));
    }
    return {};
}

Status insert_macs(Connection& connection, const Device& device) {
    std::int64_t position = 0;
    for (const auto& mac : device.macs) {
        TRY(
            connection.execute("INSERT INTO device_macs (device_id, position, mac)"
                               " VALUES (:a, :b, :c)",
                               {device.id.value, position++, mac}));
    }
    return {};
}

Device device_from(const Row& row) {
    Device device;
    device.id = DeviceId(row.integer(0));
    device.name = row.text(1);
    device.smbios_uuid = row.text(2);
    device.serial = row.text(3);
    device.created_at = site::from_unix_milliseconds(row.integer(4));
    device.comment = row.text(5);
    device.approval = site::approval_from(row.text(6)).value_or(site::Approval::pending);
    device.asset = row.text(7);
    device.asset_at = site::from_unix_milliseconds(row.integer(8));
    return device;
}

}  // namespace

Result<Device> DeviceTable::add(const Device& device) {
    Device added = TRY(site::checked_device(device));
    return connection_.write("add device " + added.name, [&]() -> Result<Device> {
        TRY(refuse_taken(connection_, added));
        auto rows = TRY(connection_.query(
            "INSERT INTO devices (name, name_key, smbios_uuid, serial, created_at_ms, comment,"
            " approval) VALUES (:a, :b, :c, :d, :e, :f, :g) RETURNING id",
            {added.name, site::name_key(added.name), added.smbios_uuid, added.serial,
             site::to_unix_milliseconds(added.created_at), added.comment,
             std::string(site::to_string(added.approval))}));
        added.id = DeviceId(rows.at(0).integer(0));
        TRY(insert_macs(connection_, added));
        return added;
    });
}

// Two queries however many devices: the rows, then the addresses of all of them.
Result<std::vector<Device>> DeviceTable::select(std::string_view where,
                                                const std::vector<SqlValue>& parameters) {
    std::vector<Device> devices;
    std::map<std::int64_t, std::size_t> place;
    const std::string condition(where);
    for (const auto& row :
         TRY(connection_.query("SELECT d.id, d.name, d.smbios_uuid, d.serial, d.created_at_ms,"
                               " d.comment, d.approval, d.asset, d.asset_at_ms FROM devices d " +
                                   condition + " ORDER BY d.name_key",
                               parameters))) {
        place[row.integer(0)] = devices.size();
        devices.push_back(device_from(row));
    }
    for (const auto& row : TRY(connection_.query(
             "SELECT m.device_id, m.mac FROM device_macs m JOIN devices d ON d.id = m.device_id " +
                 condition + " ORDER BY m.device_id, m.position",
             parameters))) {
        devices[place.at(row.integer(0))].macs.push_back(row.text(1));
    }
    return devices;
}

Result<std::vector<Device>> DeviceTable::list() {
    return connection_.read("list devices", [&] { return select("", {}); });
}

Result<std::vector<Device>> DeviceTable::page(const Page& page,
                                              std::optional<site::Approval> approval,
                                              const std::vector<DeviceId>* among) {
    return connection_.read("list devices", [&]() -> Result<std::vector<Device>> {
        std::string also;
        if (approval) also = "approval = '" + std::string(site::to_string(*approval)) + "'";
        if (among != nullptr) {
            also += also.empty() ? "id IN (" : " AND id IN (";
            // Numbers of ours; as parameters they would be too many for a statement.
            for (std::size_t i = 0; i < among->size(); ++i) {
                also += (i == 0 ? "" : ",") + std::to_string((*among)[i].value);
            }
            also += among->empty() ? "-1)" : ")";
        }
        std::vector<SqlValue> parameters;
        const std::string condition = page_condition("devices", page, also, parameters);
        return select("WHERE d.id " + condition, parameters);
    });
}

Result<Device> DeviceTable::find(std::string_view name_or_id) {
    return connection_.read("find device", [&]() -> Result<Device> {
        const auto id = TRY(find_id(connection_, "device", "devices", name_or_id));
        return TRY(select("WHERE d.id = :a", {id})).at(0);
    });
}

Result<Device> DeviceTable::find(DeviceId id) {
    return connection_.read("find device", [&]() -> Result<Device> {
        auto devices = TRY(select("WHERE d.id = :a", {id.value}));
        if (devices.empty()) return unknown_id(connection_, "device", "devices", id.value);
        return devices[0];
    });
}

Result<Device> DeviceTable::find_by_mac(std::string_view mac) {
    const std::string address = TRY(site::parse_mac(mac));
    return connection_.read("find device", [&]() -> Result<Device> {
        auto devices = TRY(
            select("WHERE d.id IN (SELECT device_id FROM device_macs WHERE mac = :a)", {address}));
        if (devices.empty()) {
            return Error(Errc::not_found, "no device has the MAC address " + address);
        }
        return devices[0];
    });
}

Status DeviceTable::change(const Device& device) {
    const Device changed = TRY(site::checked_device(device));
    return connection_.write("change device " + changed.name, [&]() -> Status {
        TRY(refuse_taken(connection_, changed));
        const auto rows = TRY(connection_.query(
            "UPDATE devices SET name = :a, name_key = :b, smbios_uuid = :c, serial = :d,"
            " comment = :e, approval = :f WHERE id = :g RETURNING id",
            {changed.name, site::name_key(changed.name), changed.smbios_uuid, changed.serial,
             changed.comment, std::string(site::to_string(changed.approval)), changed.id.value}));
        if (rows.empty()) return unknown_id(connection_, "device", "devices", changed.id.value);
        TRY(connection_.execute("DELETE FROM device_macs WHERE device_id = :a",
                                {changed.id.value}));
        return insert_macs(connection_, changed);
    });
}

Status DeviceTable::remove(DeviceId id) {
    return connection_.write("remove device", [&]() -> Status {
        const auto running = TRY(connection_.query(
            "SELECT deployment_id FROM device_progress p JOIN deployments d ON d.id ="
            " p.deployment_id WHERE p.device_id = :a AND p.state = 'running'"
            " AND d.state <> 'cancelled' ORDER BY deployment_id",
            {id.value}));
        if (!running.empty()) {
            return Error(Errc::busy, "it is running deployment " +
                                         std::to_string(running[0].integer(0)) +
                                         ": cancel that for it first");
        }
        const auto rows =
            TRY(connection_.query("DELETE FROM devices WHERE id = :a RETURNING id", {id.value}));
        if (rows.empty()) return unknown_id(connection_, "device", "devices", id.value);
        return {};
    });
}

Status DeviceTable::set_asset(DeviceId id, const std::string& json, site::WallTime at) {
    return connection_.write("store asset data", [&]() -> Status {
        const auto rows = TRY(connection_.query(
            "UPDATE devices SET asset = :a, asset_at_ms = :b WHERE id = :c RETURNING id",
            {json, site::to_unix_milliseconds(at), id.value}));
        if (rows.empty()) return unknown_id(connection_, "device", "devices", id.value);
        return {};
    });
}

Result<std::int64_t> DeviceTable::recorded(DeviceId id, const std::string& run) {
    return connection_.read("read position", [&]() -> Result<std::int64_t> {
        const auto rows = TRY(connection_.query(
            "SELECT log_seq FROM devices WHERE id = :a AND log_run = :b", {id.value, run}));
        return rows.empty() ? std::int64_t{0} : rows[0].integer(0);
    });
}

Status DeviceTable::set_recorded(DeviceId id, const std::string& run, std::int64_t seq) {
    return connection_.write("set position", [&] {
        return connection_.execute("UPDATE devices SET log_run = :a, log_seq = :b WHERE id = :c",
                                   {run, seq, id.value});
    });
}

Result<std::vector<site::Variable>> DeviceTable::variables(DeviceId id) {
    return connection_.read("list variables",
                            [&] { return list_variables(connection_, "device", id.value); });
}

Result<std::map<DeviceId, std::vector<site::Variable>>> DeviceTable::all_variables() {
    using Variables = std::map<DeviceId, std::vector<site::Variable>>;
    return connection_.read("list variables", [&]() -> Result<Variables> {
        Variables variables;
        for (const auto& row : TRY(connection_.query(
                 "SELECT device_id, name, value, secret FROM device_variables", {}))) {
            variables[DeviceId(row.integer(0))].push_back(
                {row.text(1), row.text(2), row.integer(3) != 0});
        }
        return variables;
    });
}

Status DeviceTable::set_variable(DeviceId id, const site::Variable& variable) {
    return connection_.write("set variable", [&] {
        return store::set_variable(connection_, "device", id.value, variable);
    });
}

Status DeviceTable::remove_variable(DeviceId id, std::string_view name) {
    return connection_.write("remove variable", [&] {
        return store::remove_variable(connection_, "device", id.value, name);
    });
}

Status DeviceTable::set_token(DeviceId id, std::string_view token_sha256) {
    TRY(check_token_hash(token_sha256));
    return connection_.write("set device token", [&]() -> Status {
        auto rows =
            TRY(connection_.query("UPDATE devices SET token_sha256 = :a WHERE id = :b"
                                  " RETURNING id",
                                  {std::string(token_sha256), id.value}));
        if (rows.empty()) return unknown_id(connection_, "device", "devices", id.value);
        return {};
    });
}

Result<Device> DeviceTable::find_by_token(std::string_view token_sha256) {
    return connection_.read("verify device token", [&]() -> Result<Device> {
        auto devices = TRY(select("WHERE d.token_sha256 = :a", {std::string(token_sha256)}));
        if (devices.empty()) {
            return Error(Errc::unauthenticated, "unknown device token; enrol this computer again");
        }
        return devices[0];
    });
}

}  // namespace muster::store
