// SPDX-License-Identifier: GPL-3.0-or-later
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>

#include "cli/command.h"
#include "cli/network_options.h"
#include "cli/output.h"
#include "cli/slow_clients.h"
#include "cli/values.h"
#include "server/site_server.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

namespace {

Status serve(const server::ServeOptions& options) {
    net::Loop loop;
    auto site = TRY(server::SiteServer::create(loop, options));
    TRY(site->start());
    spdlog::info("serving on {}, administrator's login in {}", site->address(), site->admin_file());
    loop.on_signals({SIGINT, SIGTERM}, [&loop] { loop.stop(); });
    loop.run();
    spdlog::info("stopping");
    return {};
}

}  // namespace

void add_serve_command(CLI::App& app, Run& run) {
    struct Raw {
        server::ServeOptions options;
        std::string rate;
        std::string rate_mode;
    };
    auto raw = std::make_shared<Raw>();
    auto* command = app.add_subcommand("serve", "Run the site server and distribution point");
    auto& options = raw->options;
    options.data_folder = "/var/lib/muster";
    command->add_option("--data", options.data_folder, "Data folder");
    command->add_option("--database", options.database,
                        "postgresql://USER@HOST/DATABASE, or the path of an SQLite file (default: "
                        "site.db in the data folder)");
    command->add_option("--listen", options.listen, "ADDR:PORT of the API")->required();
    add_network_options(*command, options.network);
    command->add_option("--rate", raw->rate, "Transfer rate of each session, e.g. 200M; 0: no cap");
    command->add_option("--rate-mode", raw->rate_mode,
                        "fixed (default with --rate): at that rate; adaptive (default without): as "
                        "network and receivers allow, --rate is a cap");
    command
        ->add_option(
            "--unicast-share", options.unicast_share_percent,
            "Percent of a session's rate for computers that multicast does not reach; 0: none")
        ->check(CLI::Range(0, 100));
    add_slow_clients(*command, options.slow_clients);
    command->add_flag("--open-enrolment", options.open_enrolment,
                      "Known computers may enrol themselves by their MAC address");
    command->callback([raw, &run] {
        run = [raw] {
            auto rate = parse_rate_choice(raw->rate, raw->rate_mode);
            if (!rate.ok()) return report(rate.error());
            raw->options.rate_bits_per_second = rate->bits_per_second;
            raw->options.rate_mode = rate->mode;
            spdlog::set_default_logger(spdlog::stderr_color_mt("serve"));
            spdlog::set_pattern("%Y-%m-%d %H:%M:%S %^%l%$ %v");
            Status status = serve(raw->options);
            return status.ok() ? kOk : report(status.error());
        };
    });
}

}  // namespace muster::cli
