// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>

#include "cli/command.h"
#include "cli/output.h"
#include "mcast/packet.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

int run_muster(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("muster: a whole room of computers, imaged in the time of one");
    app.require_subcommand(1);
    app.set_version_flag("--version",
                         "muster 0.1.0, protocol " + std::to_string(mcast::kProtocolVersion));
    Run run;
    add_serve_command(app, run);
    add_login_command(app, run);
    add_image_commands(app, run);
    add_device_commands(app, run);
    add_collection_commands(app, run);
    add_sequence_commands(app, run);
    add_deploy_commands(app, run);
    add_session_commands(app, run);
    add_settings_commands(app, run);
    add_token_commands(app, run);
    add_status_commands(app, run);
    add_apply_commands(app, run);
    add_watch_command(app, run);
    add_send_command(app, run);
    add_receive_command(app, run);
    add_manual_commands(app, run);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& failure) {
        return app.exit(failure) == 0 ? kOk : kUsage;
    }
    return run();
}

}  // namespace muster::cli
