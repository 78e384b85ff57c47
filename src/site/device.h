// SPDX-License-Identifier: GPL-3.0-or-later
//
// A computer the site knows, and named sets of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/ids.h"

namespace muster::site {

struct Device {
    DeviceId id;
    std::string name;
    std::vector<std::string> macs;  // each as parse_mac gives it, in the order entered
    std::string smbios_uuid;        // as parse_smbios_uuid gives it; empty: not known
    std::string serial;             // empty: not known
    WallTime created_at;
};

struct Collection {
    CollectionId id;
    std::string name;
    std::vector<DeviceId> members;  // ascending
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
