// SPDX-License-Identifier: GPL-3.0-or-later
//
// --slow-clients of `send` and `serve`: what Windows Deployment Services calls "slow client
// handling".
#pragma once

#include "mcast/slow_computers.h"

namespace CLI {
class App;
}

namespace muster::cli {

void add_slow_clients(CLI::App& command, mcast::SlowPolicy& policy);

}  // namespace muster::cli
