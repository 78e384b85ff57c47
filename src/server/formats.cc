// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/formats.h"

#include <filesystem>

#include "base/check.h"
#include "net/address.h"
#include "server/group_range.h"
#include "site/device.h"
#include "site/maintenance.h"
#include "site/names.h"
#include "site/schedule.h"
#include "site/time_zone.h"
#include "store/time_zone.h"

namespace muster::server {

Result<site::TimeZone> find_zone(std::string_view name) { return store::load_time_zone(name); }

namespace {

struct Format {
    std::string_view name;
    Status (*check)(const std::string&);
};

Status only(const Error* error) {
    return error == nullptr ? Status() : Error(Errc::invalid_argument, error->message());
}

template <typename T>
Status status_of(const Result<T>& result) {
    return only(result.ok() ? nullptr : &result.error());
}

Status check_variable_name(const std::string& text) {
    const bool fits = !text.empty() && text.size() <= 256 &&
                      text.find_first_not_of(
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                          "0123456789_-") == std::string::npos;
    if (!fits) {
        return Error(Errc::invalid_argument,
                     "'" + site::printable(text) +
                         "' is no name of a variable: 1 to 256 letters, digits, _ and -");
    }
    if (text[0] == '_') {
        return Error(Errc::invalid_argument,
                     "'" + text + "': names that begin with _ are read only, Muster sets them");
    }
    return {};
}

Status check_absolute_path(const std::string& text) {
    if (!text.empty() && std::filesystem::path(text).is_absolute() &&
        text.find('\0') == std::string::npos) {
        return {};
    }
    return Error(Errc::invalid_argument,
                 "'" + site::printable(text) + "' is not absolute; it is a path on the server");
}

Status check_uuid_or_none(const std::string& text) {
    return text.empty() ? Status() : status_of(site::parse_smbios_uuid(text));
}

constexpr Format kFormats[] = {
    {"device-name", [](const std::string& t) { return site::check_device_name(t); }},
    {"name", [](const std::string& t) { return site::check_name("name", t); }},
    {"line", [](const std::string& t) { return site::check_text("text", t, 1000); }},
    {"mac", [](const std::string& t) { return status_of(site::parse_mac(t)); }},
    {"smbios-uuid", [](const std::string& t) { return status_of(site::parse_smbios_uuid(t)); }},
    {"smbios-uuid-or-none", check_uuid_or_none},
    {"group-range", check_group_range},
    {"rate-limit", [](const std::string& t) { return status_of(site::parse_rate_schedule(t)); }},
    {"maintenance-window",
     [](const std::string& t) { return status_of(site::parse_maintenance_window(t)); }},
    {"time-zone", [](const std::string& t) { return status_of(find_zone(t)); }},
    {"time", [](const std::string& t) { return status_of(site::parse_time(t, find_zone)); }},
    {"ip-address", [](const std::string& t) { return status_of(net::Address::parse_ip(t)); }},
    {"variable-name", check_variable_name},
    {"absolute-path", check_absolute_path},
};

}  // namespace

Status check_format(std::string_view format, const std::string& text) {
    for (const auto& each : kFormats) {
        if (each.name == format) return each.check(text);
    }
    CHECK(false);
    return {};
}

std::vector<std::string_view> known_formats() {
    std::vector<std::string_view> names;
    for (const auto& each : kFormats) names.push_back(each.name);
    return names;
}

}  // namespace muster::server
