// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every command adds itself to the parser and, when it was chosen, leaves what to run. One function
// a command (or family of commands), each in its own file.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace muster::cli {

using Run = std::function<int()>;  // returns the exit code

void add_send_command(CLI::App& app, Run& run);
void add_receive_command(CLI::App& app, Run& run);
void add_serve_command(CLI::App& app, Run& run);
void add_login_command(CLI::App& app, Run& run);
void add_image_commands(CLI::App& app, Run& run);
void add_device_commands(CLI::App& app, Run& run);
void add_collection_commands(CLI::App& app, Run& run);
void add_sequence_commands(CLI::App& app, Run& run);
void add_deploy_commands(CLI::App& app, Run& run);
void add_session_commands(CLI::App& app, Run& run);
void add_settings_commands(CLI::App& app, Run& run);
void add_token_commands(CLI::App& app, Run& run);
void add_status_commands(CLI::App& app, Run& run);
void add_apply_commands(CLI::App& app, Run& run);
void add_manual_commands(CLI::App& app, Run& run);
void add_watch_command(CLI::App& app, Run& run);

// The whole program.
int run_muster(int argc, char** argv);

}  // namespace muster::cli
