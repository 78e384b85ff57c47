// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "cli/command.h"
#include "cli/network_options.h"
#include "cli/output.h"
#include "cli/token_file.h"
#include "cli/transfer.h"
#include "cli/values.h"
#include "net/random.h"
#include "session/member_session.h"
#include "text/json.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

namespace {

std::string default_name(const net::Interface& interface) {
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    return std::string(host) + "/" + net::any_own_address(interface).ip();
}

class Receive {
public:
    explicit Receive(const ReceiveOptions& options) : options_(options) {}

    Status run() {
        const auto interface = TRY(net::multicast_interface(options_.interface, options_.wifi));
        const auto token = TRY(load_token(options_.token_file));
        if (std::filesystem::exists(options_.out)) {
            return Error(Errc::already_exists,
                         options_.out + " exists already: remove it or choose another --out");
        }
        session::MemberOptions member;
        member.server.server = options_.server;
        member.server.fingerprint = token.fingerprint;
        member.server.bearer_token = token.secret;
        member.target = kTransferTarget;
        member.name = options_.name.empty() ? default_name(interface) : options_.name;
        member.interface = options_.interface;
        member.wifi = options_.wifi;
        member.memory_bytes = options_.memory_bytes;
        member.retry_for = std::chrono::seconds(options_.retry_seconds);
        net::fill_random(std::as_writable_bytes(std::span(&member.seed, 1)));
        session_ = std::make_unique<session::MemberSession>(loop_, member, callbacks());
        loop_.on_signals({SIGINT, SIGTERM}, [this] {
            result_ = Error(Errc::cancelled, "stopped; " + options_.out +
                                                 ".part and its journal are kept: start again to "
                                                 "go on where it was");
            loop_.stop();
        });
        session_->start();
        tick();
        loop_.run();
        progress_.clear();
        if (options_.json) print_json();
        if (result_.ok() && !options_.json) print_summary();
        return result_;
    }

private:
    session::MemberSession::Callbacks callbacks() {
        session::MemberSession::Callbacks callbacks;
        callbacks.open_store = [this](const session::Offer& offer) {
            return session::open_file_store(options_.out, offer.image);
        };
        callbacks.on_finished = [this](Status status) {
            result_ = std::move(status);
            // Time for the last report to leave.
            stop_ = loop_.after(std::chrono::milliseconds(100), [this] { loop_.stop(); });
        };
        callbacks.on_notice = [this](const std::string& words) {
            progress_.clear();
            std::fprintf(stderr, "muster: %s\n", words.c_str());
        };
        return callbacks;
    }

    void tick() {
        const auto now = session_->snapshot();
        if (!session_->joined()) {
            progress_.show("connecting to " + options_.server);
        } else if (!session_->started()) {
            progress_.show("waiting for the sender to start");
        } else if (now.blocks > 0) {
            const double done = 1 - static_cast<double>(now.missing) / now.blocks;
            const std::string how = now.delivery == mcast::Delivery::unicast ? ", by HTTPS"
                                    : now.delivery == mcast::Delivery::waiting
                                        ? ", waiting for multicast"
                                        : "";
            progress_.show(
                bar(done, 24) + " " + human_rate(now.rate_bits_per_second) + ", " +
                std::to_string(now.missing) + " blocks missing, loss " +
                std::to_string(static_cast<int>(now.counters.loss() * 1000) / 10.0).substr(0, 4) +
                " %" + how);
        }
        tick_ = loop_.after(std::chrono::milliseconds(200), [this] { tick(); });
    }

    void print_summary() const {
        const auto now = session_->snapshot();
        std::printf("%s: verified, %s in %.1f s, loss %.2f %%, %llu blocks repaired, %s by HTTPS\n",
                    options_.out.c_str(), human_bytes(session_->offer()->image.image_bytes).c_str(),
                    now.seconds, 100 * now.counters.loss(),
                    static_cast<unsigned long long>(now.counters.blocks_repaired),
                    human_bytes(now.counters.unicast_bytes).c_str());
    }

    void print_json() const {
        const auto now = session_->snapshot();
        Value line = Value::map();
        line.set("verified", result_.ok());
        line.set("error", result_.ok() ? std::string() : result_.error().message());
        line.set("received", now.counters.datagrams_received);
        line.set("repaired", now.counters.blocks_repaired).set("loss", now.counters.loss());
        line.set("local_drops", now.counters.local_drops).set("forged", now.counters.blocks_forged);
        line.set("duplicates", now.counters.duplicates).set("naks", now.counters.naks_sent);
        line.set("rejected", now.counters.datagrams_rejected).set("seconds", now.seconds);
        line.set("unicast_bytes", now.counters.unicast_bytes);
        line.set("delivery", mcast::to_string(now.delivery)).set("delivery_why", now.delivery_why);
        std::printf("%s\n", text::to_json(line).c_str());
    }

    const ReceiveOptions options_;
    net::Loop loop_;
    net::Timer tick_;
    net::Timer stop_;
    ProgressLine progress_;
    std::unique_ptr<session::MemberSession> session_;
    Status result_ = Error(Errc::internal, "ended without a result");
};

}  // namespace

int run_receive(const ReceiveOptions& options) {
    auto status = Receive(options).run();
    return status.ok() ? kOk : report(status.error());
}

void add_receive_command(CLI::App& app, Run& run) {
    struct Raw {
        ReceiveOptions options;
        std::string memory = "128M";
    };
    auto raw = std::make_shared<Raw>();
    auto* command = app.add_subcommand("receive", "Receive a file from muster send");
    auto& options = raw->options;
    command->add_option("--server", options.server, "ADDR:PORT of the sender")->required();
    command->add_option("--token-file", options.token_file, "The sender's token file")->required();
    command->add_option("--interface", options.interface, "Network interface")->required();
    command->add_option("--out", options.out, "Where the file goes")->required();
    command->add_option("--name", options.name, "Name to be known by");
    command->add_option("--memory", raw->memory, "For groups under repair, e.g. 128M");
    command->add_option("--retry", options.retry_seconds,
                        "Seconds to try again when the sender is gone");
    add_wifi_option(*command, options.wifi);
    command->add_flag("--json", options.json, "One JSON line of figures at the end");
    command->callback([raw, &run] {
        run = [raw] {
            auto memory = parse_size(raw->memory);
            if (!memory.ok()) return report(memory.error().context("--memory"));
            raw->options.memory_bytes = *memory;
            return run_receive(raw->options);
        };
    });
}

}  // namespace muster::cli
