// SPDX-License-Identifier: GPL-3.0-or-later
#include <iostream>

#include "cli/site_command.h"
#include "store/files.h"
#include "text/json.h"

namespace muster::cli {

namespace {

struct LoginOptions {
    std::string server;
    std::string fingerprint;
    std::string token;
};

Result<std::string> ask(const std::string& question) {
    std::fprintf(stderr, "%s", question.c_str());
    std::string line;
    if (!std::getline(std::cin, line) || line.empty()) {
        return Error(Errc::cancelled, "nothing was entered");
    }
    return line;
}

Status login(LoginOptions options) {
    net::HttpsClientOptions client;
    client.server = options.server;
    if (options.fingerprint.empty()) {
        options.fingerprint = TRY(net::fetch_fingerprint(client));
        const std::string answer = TRY(
            ask("The key of " + options.server + " is\n  " + options.fingerprint +
                "\nCompare it with \"fingerprint\" in admin.json on the server. Trust it? [yes] "));
        if (answer != "yes") return Error(Errc::cancelled, "not trusted, nothing was saved");
    }
    if (options.token.empty()) options.token = TRY(ask("Administrator token: "));
    client.fingerprint = options.fingerprint;
    client.bearer_token = options.token;
    const auto response = TRY(net::HttpsClient(client).get("/api/v1/deployments"));
    if (response.status >= 400) {
        return Error(net::errc_of_status(response.status), "the server refused: " + response.body);
    }
    Value value = Value::map();
    value.set("server", options.server).set("fingerprint", options.fingerprint);
    value.set("token", options.token);
    TRY(store::write_private_file(user_login_file(), text::to_json(value) + "\n"));
    std::printf("logged in to %s, saved in %s\n", options.server.c_str(),
                user_login_file().c_str());
    return {};
}

}  // namespace

void add_login_command(CLI::App& app, Run& run) {
    auto options = std::make_shared<LoginOptions>();
    auto* command = app.add_subcommand("login", "Save how to reach a site from this machine");
    command->add_option("server", options->server, "ADDR:PORT")->required();
    command->add_option("--fingerprint", options->fingerprint, "Of the server's key");
    command->add_option("--token", options->token, "Of an administrator (asked for when absent)");
    command->callback([options, &run] {
        run = [options] {
            Status status = login(*options);
            return status.ok() ? kOk : report(status.error());
        };
    });
}

}  // namespace muster::cli
