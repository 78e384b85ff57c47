// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "properties.h"
#include "site/device_import.h"
#include "site/maintenance.h"
#include "site/rule.h"
#include "site/schedule.h"
#include "site/time_zone.h"

namespace muster::fuzz {

namespace {

site::Attributes some_device() {
    site::Attributes device;
    device.set("Name", std::string("PC-04"));
    device.set("Model", std::string("OptiPlex 7090 Bür"));
    device.set("MemoryBytes", std::int64_t{8} << 30);
    device.set("SecureBoot", true);
    device.set("MACAddress", std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:02"});
    device.set("Variable.Seat", std::string("12"));
    return device;
}

}  // namespace

void check_rule(ByteSpan input) {
    static const site::Attributes device = some_device();
    const auto rule = site::parse_rule(as_text(input));
    if (!rule.ok()) {
        CHECK(rule.error().code() == Errc::invalid_argument);
        return;
    }
    const std::string once = site::to_string(*rule);
    const auto again = site::parse_rule(once);
    CHECK(again.ok() && *again == *rule && site::to_string(*again) == once);
    CHECK(rule->matches(device) == again->matches(device));
    CHECK(rule->explain(device).find(rule->matches(device) ? "is true" : "is false") !=
          std::string::npos);
}

void check_schedule(ByteSpan input) {
    const std::string_view text = as_text(input);
    if (const auto schedule = site::parse_rate_schedule(text); schedule.ok()) {
        const std::string once = to_string(*schedule);
        const auto again = site::parse_rate_schedule(once);
        CHECK(again.ok() && *again == *schedule && to_string(*again) == once);
    }
    if (const auto window = site::parse_maintenance_window(text); window.ok()) {
        CHECK(site::check_window(*window).ok());
        const auto again = site::parse_maintenance_window(to_string(*window));
        CHECK(again.ok() && *again == *window);
        const auto opening = site::next_opening(*window, site::LocalTime{});
        CHECK(!opening || (site::is_open(*window, *opening) && *opening > site::LocalTime{}));
    }
    const auto no_zone = [](std::string_view) -> Result<site::TimeZone> {
        return Error(Errc::not_found, "no zone");
    };
    if (const auto time = site::parse_time(text, no_zone); time.ok()) {
        const auto again = site::parse_time(site::format_time(*time), no_zone);
        const bool readable = *time >= site::WallTime{} && site::format_time(*time)[4] == '-';
        CHECK(!readable || (again.ok() && *again == *time));
    }
}

void check_import(ByteSpan input) {
    const auto import = site::parse_device_import(as_text(input));
    CHECK(import.rows.empty() != import.faults.empty());
    if (import.rows.empty()) return;
    const std::string once = site::to_csv(import.rows);
    const auto again = site::parse_device_import(once);
    CHECK(again.faults.empty() && again.rows.size() == import.rows.size());
    CHECK(site::to_csv(again.rows) == once);
    for (std::size_t i = 0; i < again.rows.size(); ++i) {
        const auto& row = import.rows[i];
        const auto& same = again.rows[i];
        CHECK(row.name == same.name && row.macs == same.macs && row.serial == same.serial);
        CHECK(row.smbios_uuid == same.smbios_uuid && row.collection == same.collection);
        CHECK(row.variables.size() == same.variables.size());
    }
}

}  // namespace muster::fuzz
