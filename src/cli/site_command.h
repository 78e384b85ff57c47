// SPDX-License-Identifier: GPL-3.0-or-later
//
// What every command that talks to the site shares: the login file option, opening the client,
// turning an Error into one line and an exit code; and the verbs that are alike for every kind of
// thing: list, show, set, remove.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
    command->callback([options, site, command, &run, work = std::move(work)] {
        if (!command->get_subcommands().empty()) return;  // one of its verbs was chosen
        run = [options, site, work] {
            auto client = SiteClient::open(site->empty() ? default_login_file() : *site);
            if (!client.ok()) return report(client.error());
            Status status = work(*client, *options);
            return status.ok() ? kOk : report(status.error());
        };
    });
}

// A kind of thing of the site, as the verbs need it.
struct Kind {
    std::string word;    // "device", for people
    std::string target;  // "/api/v1/devices"
    std::string change;  // operation of `set`; empty: there is no such verb
    bool can_be_removed = false;
    // Members of a document and their column headings.
    std::vector<std::pair<std::string, std::string>> columns;
    std::string query;  // added to the list's target: "?kind=..."
};

// `X list [--name PATTERN] [--json]`, all pages of it.
void add_list(CLI::App* family, Run& run, const Kind& kind);
// `X show NAME [--json]`.
void add_show(CLI::App* family, Run& run, const Kind& kind);
// `X set NAME FIELD=VALUE...` and `X remove NAME...`, when the kind has them.
void add_set(CLI::App* family, Run& run, const Kind& kind);
void add_remove(CLI::App* family, Run& run, const Kind& kind);
void add_verbs(CLI::App* family, Run& run, const Kind& kind);

// A verb on one named thing: METHOD TARGET/NAME/PATH, and prints `said` of the answer.
struct Verb {
    std::string name;
    std::string help;
    std::string method;  // "POST", "GET"
    std::string path;    // "/start"; behind the name
    std::string said;    // member of the answer that is printed; empty: nothing
    bool has_reason = false;
};
void add_verb(CLI::App* family, Run& run, const Kind& kind, const Verb& verb);

// Text, number and the like of a document's member, as a table cell; lists with commas.
std::string cell(const Value& document, std::string_view key);
// "key: value" lines, nested parts indented.
std::string described(const Value& document);
// All items of a list that comes in pages.
Result<Value> all_items(SiteClient& site, const std::string& target, const std::string& query = "");
// "devices", "1 device".
std::string counted(std::size_t count, const std::string& word);

}  // namespace muster::cli
