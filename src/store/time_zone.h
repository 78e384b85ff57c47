// SPDX-License-Identifier: GPL-3.0-or-later
//
// The time zones of the system (package tzdata) as tables: files in the format of RFC 8536.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "site/time_zone.h"

namespace muster::store {

inline constexpr int kLastZoneYear = 2100;  // clocks are taken to stay as they are from then on

// By its IANA name, "Europe/Berlin", spelt exactly; "UTC" needs no file. Errc::not_found: no such
// zone (named), or tzdata is not installed. Errc::corrupt: its file is no zone file.
Result<site::TimeZone> load_time_zone(std::string_view name,
                                      const std::filesystem::path& folder = "/usr/share/zoneinfo");

// A file of version 2 or later. Errc::corrupt.
Result<site::TimeZone> parse_zone_file(ByteSpan file, std::string_view name);

}  // namespace muster::store
