// SPDX-License-Identifier: GPL-3.0-or-later
//
// The options of `muster send` and `muster serve` that say how they use the network.
#pragma once

#include "session/network_options.h"

namespace CLI {
class App;
}

namespace muster::cli {

// OPTIONS outlives the command.
void add_network_options(CLI::App& command, session::NetworkOptions& options);
void add_wifi_option(CLI::App& command, net::Wifi& wifi);

}  // namespace muster::cli
