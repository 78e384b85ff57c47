// SPDX-License-Identifier: GPL-3.0-or-later
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>

#include "cli/command.h"
#include "cli/network_options.h"
#include "cli/output.h"
#include "cli/slow_clients.h"
#include "cli/values.h"
#include "net/address.h"
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

struct Raw {
    server::ServeOptions options;
    std::string rate;
    std::string rate_mode;
    std::optional<int> unicast_share;
    mcast::SlowPolicy slow_clients = mcast::SlowPolicy::defer;
};

// What was given becomes a setting of the default distribution point; what was not stays as it is.
Result<Value> point_settings(const Raw& raw, const CLI::App& command) {
    const auto& network = raw.options.network;
    Value settings = Value::map();
    Value interfaces = Value::list();
    for (const auto& name : network.interfaces) interfaces.push(name);
    settings.set("interfaces", std::move(interfaces));
    const auto given = [&](const char* option) { return command.count(option) > 0; };
    if (given("--group")) {
        if (const auto one = net::Address::parse(network.group); one.ok()) {
            settings.set("groups", one->ip() + "-" + one->ip());
            settings.set("first_port", int{one->port()}).set("last_port", int{one->port()});
        } else {
            settings.set("groups", network.group);
        }
    }
    if (given("--ttl")) settings.set("ttl", network.ttl);
    if (given("--dscp")) settings.set("dscp", network.dscp);
    if (given("--rate") || given("--rate-mode")) {
        const auto rate = TRY(parse_rate_choice(raw.rate, raw.rate_mode));
        const bool fixed = rate.mode == mcast::RateMode::fixed && rate.bits_per_second > 0;
        settings.set("transfer_rate", fixed ? "custom" : "adaptive");
        settings.set("custom_rate", rate.bits_per_second);
    }
    if (raw.unicast_share) settings.set("unicast_share", *raw.unicast_share);
    if (given("--slow-clients")) settings.set("slow_clients", to_string(raw.slow_clients));
    return settings;
}

}  // namespace

void add_serve_command(CLI::App& app, Run& run) {
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
            "--unicast-share", raw->unicast_share,
            "Percent of a session's rate for computers that multicast does not reach; 0: none")
        ->check(CLI::Range(0, 100));
    add_slow_clients(*command, raw->slow_clients);
    command->add_flag("--open-enrolment", options.open_enrolment,
                      "Known computers may enrol themselves by their MAC address");
    command->callback([raw, command, &run] {
        run = [raw, command] {
            auto settings = point_settings(*raw, *command);
            if (!settings.ok()) return report(settings.error());
            raw->options.point_settings = std::move(*settings);
            spdlog::set_default_logger(spdlog::stderr_color_mt("serve"));
            spdlog::set_pattern("%Y-%m-%d %H:%M:%S %^%l%$ %v");
            Status status = serve(raw->options);
            return status.ok() ? kOk : report(status.error());
        };
    });
}

}  // namespace muster::cli
