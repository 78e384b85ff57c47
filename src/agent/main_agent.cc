// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/main_agent.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "agent/agent.h"
#include "agent/hardware.h"
#include "net/https_client.h"
#include "net/interface.h"
#include "net/tls.h"
#include "text/json.h"

#include <CLI/CLI.hpp>

namespace muster::agent {

namespace {

// The file of `muster device enrol`.
Status read_enrolment(const std::string& path, AgentOptions& options) {
    std::ifstream file(path);
    const std::string what = "enrolment file (`muster device enrol` makes it) " + path;
    if (!file) return error_from_errno(errno, what);
    std::stringstream text;
    text << file.rdbuf();
    const auto value = TRY(text::parse_json(text.str()).context(what));
    options.token = TRY(value.string_at("token").context(what));
    options.fingerprint = TRY(value.string_at("fingerprint").context(what));
    if (options.server.empty()) options.server = TRY(value.string_at("server").context(what));
    return {};
}

// Where the site allows it: by what the computer says of itself, without a file.
Status enrol_by_mac(AgentOptions& options) {
    if (options.server.empty() || !net::is_fingerprint(options.fingerprint)) {
        return Error(Errc::invalid_argument,
                     "give --enrolment FILE (of `muster device enrol`), or --server and "
                     "--fingerprint where the site has open enrolment");
    }
    std::string mac;
    std::ifstream("/sys/class/net/" + options.interface + "/address") >> mac;
    net::HttpsClientOptions client;
    client.server = options.server;
    client.fingerprint = options.fingerprint;
    Value body = Value::map().set("mac", mac);
    for (const char* key : {"smbios_uuid", "serial"}) {
        const Value* known = options.hardware.find(key);
        if (known != nullptr && known->as_string() != nullptr) body.set(key, *known);
    }
    const auto response = TRY(net::HttpsClient(client).request(
        "POST", "/api/v1/enrol", text::to_json(body), "application/json"));
    const auto answer = TRY(text::parse_json(response.body).context("answer to the enrolment"));
    if (response.status >= 400) {
        return Error(net::errc_of_status(response.status),
                     "not enrolled: " + TRY(answer.string_at("detail")));
    }
    options.token = TRY(answer.string_at("token"));
    return {};
}

// What this computer is; `path` of --hardware, or empty.
Result<Value> hardware_with(const std::string& path) {
    Value read = read_hardware();
    if (path.empty()) return read;
    std::ifstream file(path);
    if (!file) return error_from_errno(errno, "--hardware " + path);
    std::stringstream text;
    text << file.rdbuf();
    const auto stated = TRY(text::parse_json(text.str()).context("--hardware " + path));
    return with_stated_hardware(read, stated).context("--hardware " + path);
}

Result<std::uint64_t> parse_memory(const std::string& text) {
    std::size_t used = 0;
    std::uint64_t number = 0;
    for (; used < text.size() && text[used] >= '0' && text[used] <= '9' && used < 12; ++used) {
        number = number * 10 + static_cast<std::uint64_t>(text[used] - '0');
    }
    const std::string unit = text.substr(used);
    if (used > 0 && unit == "M") return number << 20;
    if (used > 0 && unit == "G") return number << 30;
    return Error(Errc::invalid_argument,
                 "--memory: not a size: '" + text + "' (write it like 512M)");
}

Status run(AgentOptions options, const std::string& enrolment, const std::string& memory,
           const std::string& hardware) {
    options.memory_bytes = TRY(parse_memory(memory));
    options.hardware = TRY(hardware_with(hardware));
    std::error_code failure;
    std::filesystem::create_directories(options.work_folder, failure);
    if (failure) {
        return Error(Errc::io, "--work-folder " + options.work_folder + ": " + failure.message());
    }
    const auto interface = TRY(net::multicast_interface(options.interface, options.wifi));
    TRY(enrolment.empty() ? enrol_by_mac(options) : read_enrolment(enrolment, options));
    net::Loop loop;
    Agent agent(loop, options);
    bool stopped = false;
    loop.on_signals({SIGINT, SIGTERM}, [&] {
        stopped = true;
        loop.stop();
    });
    agent.start();
    loop.run();
    if (stopped) return Error(Errc::cancelled, "stopped by a signal");
    return agent.result();
}

}  // namespace

int run_agent(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    spdlog::set_default_logger(spdlog::stderr_color_mt("agent"));
    spdlog::set_pattern("%H:%M:%S %v");
    AgentOptions options;
    std::string enrolment;
    std::string memory = "512M";
    std::string hardware;
    CLI::App app("muster-agent: runs the task sequence that the site has for this computer");
    app.add_option("--enrolment", enrolment, "File of `muster device enrol`");
    app.add_option("--server", options.server, "ADDR:PORT instead of the file's");
    app.add_option("--fingerprint", options.fingerprint, "Of the server's key; open enrolment");
    app.add_option("--interface", options.interface, "Network interface")->required();
    app.add_option("--disk", options.disks, "A disk of this computer; repeat, in order");
    app.add_option("--memory", memory, "What the agent may use, e.g. 512M");
    app.add_option("--work-folder", options.work_folder, "Small folder in memory");
    app.add_option("--hardware", hardware,
                   "JSON file that stands for what the firmware says, for virtual computers");
    app.add_flag_callback(
        "--allow-wifi", [&options] { options.wifi = net::Wifi::allowed; },
        "Use a wireless interface");
    app.add_option("--environment", options.environment, "Where this computer is while it asks")
        ->check(CLI::IsMember({"network boot", "media", "running systems"}));
    app.add_flag("--once", options.once, "End after one task sequence");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& failure) {
        return app.exit(failure) == 0 ? 0 : 2;
    }
    Status status = run(options, enrolment, memory, hardware);
    if (status.ok()) return 0;
    std::fprintf(stderr, "muster-agent: %s\n", status.error().message().c_str());
    return 1;
}

}  // namespace muster::agent
