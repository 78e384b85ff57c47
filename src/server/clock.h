// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string>

#include "site/ids.h"

namespace muster::server {

// The one place of the server that reads the wall clock; everything below is given the time.
inline site::WallTime wall_now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

}  // namespace muster::server
