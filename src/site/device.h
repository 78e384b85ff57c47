// SPDX-License-Identifier: GPL-3.0-or-later
//
// A computer the site knows, and named sets of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"

namespace muster::site {

// A computer that came by itself is unknown until an administrator approves it; pending: and does
// nothing before.
enum class Approval { approved, unknown, pending };
std::string_view to_string(Approval approval);
std::optional<Approval> approval_from(std::string_view text);

struct Device {
    DeviceId id;
    std::string name;
    std::vector<std::string> macs;  // each as parse_mac gives it, in the order entered
    std::string smbios_uuid;        // as parse_smbios_uuid gives it; empty: not known
    std::string serial;             // empty: not known
    std::string comment;
    Approval approval = Approval::approved;
    std::string asset = "{}";  // JSON: what its agent reported of the hardware
    WallTime asset_at;         // when; 1970: never
    WallTime created_at;
};

// A task sequence variable of a device or a collection. Names differ whatever their case.
struct Variable {
    std::string name;
    std::string value;
    bool secret = false;  // never shown again, never in a log
};

struct Collection {
    CollectionId id;
    std::string name;
    std::string comment;
    std::vector<DeviceId> members;  // direct ones, ascending
    std::vector<std::string> rules;
    std::vector<CollectionId> includes;
    std::vector<CollectionId> excludes;
    std::optional<CollectionId> limiting;  // members must be in there too
    std::int64_t priority = 0;             // of its variables: the highest counts
    std::vector<std::string> windows;      // maintenance windows, as written
    WallTime created_at;
};

// "02:00:00:00:00:01" from what people type: ':' or '-' between the bytes, or "." in Cisco's form,
// or nothing, either case. Errc::invalid_argument: not six bytes, all zero, or a group address.
Result<std::string> parse_mac(std::string_view text);

// Lower case, 8-4-4-4-12. Errc::invalid_argument: not that form, or a placeholder of firmware that
// has none (all digits 0, all digits f).
Result<std::string> parse_smbios_uuid(std::string_view text);

// Brings name, MAC addresses and UUID of a device to be added into their stored form.
// Errc::invalid_argument: one of them is wrong, or a MAC address is there twice.
Result<Device> checked_device(Device device);

}  // namespace muster::site
