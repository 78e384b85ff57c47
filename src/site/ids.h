// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the site's records are called among programs: numbers given by the database, never used
// twice, 0 for "not stored yet". People use names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/strong_id.h"

namespace muster::site {

using DeviceId = StrongId<struct DeviceTag, std::int64_t>;
using CollectionId = StrongId<struct CollectionTag, std::int64_t>;
using ImageId = StrongId<struct ImageTag, std::int64_t>;
using SequenceId = StrongId<struct SequenceTag, std::int64_t>;
using DeploymentId = StrongId<struct DeploymentTag, std::int64_t>;
using PointId = StrongId<struct PointTag, std::int64_t>;

// A moment people can read (UTC, since 1970), given by whoever calls. Never used to measure.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::int64_t to_unix_milliseconds(WallTime time) {
    return time.time_since_epoch().count();
}
constexpr WallTime from_unix_milliseconds(std::int64_t milliseconds) {
    return WallTime(std::chrono::milliseconds(milliseconds));
}

constexpr bool is_set(WallTime time) { return time.time_since_epoch().count() != 0; }
// "2026-12-01 08:00 UTC"; seconds are left out.
std::string to_text(WallTime time);

}  // namespace muster::site
