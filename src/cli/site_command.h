// SPDX-License-Identifier: GPL-3.0-or-later
//
// What every command that talks to the site shares: the login file option, opening the client, and
// turning an Error into one line and an exit code.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/site_client.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

// Runs `work` with a client of the site when the command was chosen; `options` lives as long.
template <typename Options>
void run_on_site(CLI::App* command, Run& run, std::shared_ptr<Options> options,
                 std::function<Status(SiteClient&, const Options&)> work) {
    auto site = std::make_shared<std::string>();
    command->add_option("--site", *site,
                        "Login file of the site (default: $MUSTER_SITE, your login)");
    command->callback([options, site, &run, work = std::move(work)] {
        run = [options, site, work] {
            auto client = SiteClient::open(site->empty() ? default_login_file() : *site);
            if (!client.ok()) return report(client.error());
            Status status = work(*client, *options);
            return status.ok() ? kOk : report(status.error());
        };
    });
}

// Text, number and the like of a document's member, as a table cell.
std::string cell(const Value& document, std::string_view key);

}  // namespace muster::cli
