// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/slow_clients.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

void add_slow_clients(CLI::App& command, mcast::SlowPolicy& policy) {
    command
        .add_option_function<std::string>(
            "--slow-clients",
            [&policy](const std::string& text) {
                policy = mcast::slow_policy_from(text).value_or(policy);
            },
            "Computers that cannot follow: defer (served when the others are done), wait (all at "
            "their speed), evict (to unicast)")
        ->check(CLI::IsMember({"defer", "wait", "evict"}));
}

}  // namespace muster::cli
