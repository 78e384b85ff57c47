// SPDX-License-Identifier: GPL-3.0-or-later
//
// The named formats of texts in docs/api.yaml, each with what makes a text one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site/time_zone.h"

namespace muster::server {

// Errc::invalid_argument: `text` is none; says what is allowed. A CHECK: `format` is not known.
Status check_format(std::string_view format, const std::string& text);

// site::ZoneFinder: of the system.
Result<site::TimeZone> find_zone(std::string_view name);

// All names, for the test that the description uses no other.
std::vector<std::string_view> known_formats();

}  // namespace muster::server
