// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/device_table.h"

#include <map>

#include "site/names.h"
#include "store/lookup.h"
#include "store/token_table.h"

namespace muster::store {

namespace {

using site::Device;
using site::DeviceId;

Status refuse_taken(Connection& connection, const Device& device) {
    auto same = TRY(connection.query("SELECT name FROM devices WHERE name_key = :a",
                                     {site::name_key(device.name)}));
    if (!same.empty()) {
        return Error(Errc::already_exists, "a device named " + same[0].text(0) + " exists");
    }
    for (const auto& mac : device.macs) {
        auto owner =
            TRY(connection.query("SELECT d.name FROM device_macs m JOIN devices d"
                                 " ON d.id = m.device_id WHERE m.mac = :a",
                                 {mac}));
        if (owner.empty()) continue;
        return Error(Errc::already_exists,
                     "MAC address " + mac + " belongs to the device " + owner[0].text(0));
    }
    return {};
}

}  // namespace

Result<Device> DeviceTable::add(const Device& device) {
    Device added = TRY(site::checked_device(device));
    return connection_.write("add device " + added.name, [&]() -> Result<Device> {
        TRY(refuse_taken(connection_, added));
        auto rows = TRY(connection_.query(
            "INSERT INTO devices (name, name_key, smbios_uuid, serial, created_at_ms)"
            " VALUES (:a, :b, :c, :d, :e) RETURNING id",
            {added.name, site::name_key(added.name), added.smbios_uuid, added.serial,
             site::to_unix_milliseconds(added.created_at)}));
        added.id = DeviceId(rows.at(0).integer(0));
        std::int64_t position = 0;
        for (const auto& mac : added.macs) {
            TRY(
                connection_.execute("INSERT INTO device_macs (device_id, position, mac)"
                                    " VALUES (:a, :b, :c)",
                                    {added.id.value, position++, mac}));
        }
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
         TRY(connection_.query("SELECT d.id, d.name, d.smbios_uuid, d.serial, d.created_at_ms"
                               " FROM devices d " +
                                   condition + " ORDER BY d.name_key",
                               parameters))) {
        Device device;
        device.id = DeviceId(row.integer(0));
        device.name = row.text(1);
        device.smbios_uuid = row.text(2);
        device.serial = row.text(3);
        device.created_at = site::from_unix_milliseconds(row.integer(4));
        place[device.id.value] = devices.size();
        devices.push_back(std::move(device));
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
