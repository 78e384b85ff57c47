// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/network_options.h"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

namespace muster::cli {

void add_network_options(CLI::App& command, session::NetworkOptions& options) {
    command
        .add_option("--interface", options.interfaces,
                    "Network interface for multicast; repeat it for several")
        ->required()
        ->allow_extra_args(false);
    command.add_option("--group", options.group,
                       "Multicast group, IP:PORT, or its kind: ssm, asm, ssm6 or asm6");
    command.add_option("--ttl", options.ttl, "Hops the datagrams may take")
        ->check(CLI::Range(1, 32));
    const std::map<std::string, int> names{{"none", 0}, {"le", 1}, {"cs1", 8}};
    command.add_option("--dscp", options.dscp, "Mark of the datagrams: 0 to 63, le or cs1")
        ->transform(CLI::Transformer(names, CLI::ignore_case))
        ->check(CLI::Range(0, 63));
    command.add_flag_callback(
        "--igmp-querier", [&options] { options.querier.stand_in = true; },
        "Ask the network who listens when nobody else does");
    command.add_option_function<double>(
        "--querier-patience",
        [&options](const double& seconds) { options.querier.patience = from_seconds(seconds); },
        "Seconds without a query after which nobody else does (130)");
    add_wifi_option(command, options.wifi);
}

void add_wifi_option(CLI::App& command, net::Wifi& wifi) {
    command.add_flag_callback(
        "--allow-wifi", [&wifi] { wifi = net::Wifi::allowed; }, "Use a wireless interface");
}

}  // namespace muster::cli
