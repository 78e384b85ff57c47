// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rule by which a zone's clocks will change for ever, as it stands at the end of a zone file
// and in POSIX's variable TZ: "CET-1CEST,M3.5.0,M10.5.0/3". Zone files of today list the past and
// leave the future to it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "site/time_zone.h"

namespace muster::store {

// Adds to `zone` the transitions `rule` makes after the zone's last one, until the end of
// `last_year`. Nothing for an empty rule or one without daylight saving time.
// Errc::corrupt: not in the form of POSIX with the hours of RFC 8536, 3.3.1.
Status extend_by_rule(site::TimeZone& zone, std::string_view rule, int last_year);

}  // namespace muster::store
