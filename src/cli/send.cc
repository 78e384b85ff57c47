// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

#include "cli/command.h"
#include "cli/network_options.h"
#include "cli/output.h"
#include "cli/slow_clients.h"
#include "cli/token_file.h"
#include "cli/transfer.h"
#include "cli/values.h"
#include "crypto/constant_time.h"
#include "net/igmp_watch.h"
#include "net/random.h"
#include "session/session_streams.h"
#include "store/hash_file.h"
#include "text/json.h"

#include <CLI/CLI.hpp>

namespace muster::cli {

namespace {

constexpr std::string_view kNobodyCame = "nobody came";  // as mcast::Sender says it

// One transfer: the server that members come to, and the session they join.
class Send {
public:
    explicit Send(const SendOptions& options) : options_(options) {}

    Result<int> run() {
        const auto listen = TRY(net::Address::parse(options_.listen).context("--listen"));
        interfaces_ = TRY(session::resolve_interfaces(options_.network));
        auto sender = TRY(load_or_make_token(options_.token_file));
        secret_ = sender.token.secret;
        key_ = TRY(crypto::SigningKey::from_pem(TRY(sender.identity.to_pem())));
        auto server = net::HttpsServer(loop_, {.listen = listen, .identity = sender.identity});
        server.on_websocket(
            [this](const auto& request, auto acceptor) { on_websocket(request, acceptor); });
        server.on_request(
            [this](const auto& request, auto responder) { responder(answer(request)); });
        TRY(server.start());
        TRY(check_readable());
        hash();
        loop_.on_signals({SIGINT, SIGTERM}, [this] { stop_by_hand(); });
        tick();
        loop_.run();
        stopping_ = true;
        hasher_.stop();
        progress_.clear();
        if (!failure_.ok()) return failure_.error();
        final_ = host_->snapshot();
        return conclude();
    }

private:
    Status check_readable() const {
        if (::access(options_.file.c_str(), R_OK) == 0) return {};
        return error_from_errno(errno, options_.file);
    }

    void stop_by_hand() {
        if (host_) return host_->end("stopped by hand");
        failure_ = Error(Errc::cancelled, "stopped by hand while hashing " + options_.file);
        loop_.stop();
    }

    // On a worker, so that receivers who come early are told to wait.
    void hash() {
        hasher_.post([this] {
            auto manifest = std::make_shared<Result<content::Manifest>>(store::hash_file(
                options_.file, [this](std::uint64_t done, std::uint64_t total) -> Status {
                    hashed_ = static_cast<double>(done) / static_cast<double>(total);
                    if (stopping_) return Error(Errc::cancelled, "stopped");
                    return {};
                }));
            loop_.post([this, manifest] {
                failure_ = manifest->ok() ? make_session(**manifest) : Status(manifest->error());
                if (!failure_.ok()) loop_.stop();
            });
        });
    }

    Status make_session(const content::Manifest& manifest) {
        auto source = TRY(session::ContentSource::open(options_.file, manifest,
                                                       session::layout_for(manifest.descriptor())));
        session::SessionHostOptions host;
        host.name = std::filesystem::path(options_.file).filename();
        net::fill_random(std::as_writable_bytes(std::span(&host.engine.session, 1)));
        host.key = key_;
        const auto& network = options_.network;
        host.engine.ttl = network.ttl;
        host.engine.dscp = network.dscp;
        host.engine.epoch_packets = options_.epoch_packets;
        host.engine.core.rate_bits_per_second = options_.rate_bits_per_second;
        host.engine.core.rate_mode = options_.rate_mode;
        host.engine.core.closed = true;
        host.engine.core.policy = options_.slow_clients;
        host.engine.core.start.min_members = options_.receivers;
        host.engine.core.start.max_wait = std::chrono::seconds(options_.max_wait_seconds);
        host.unicast.path = kContentTarget;
        host.unicast.share_percent = options_.unicast_share_percent;
        host.unicast.multicast_only = options_.multicast_only;
        session::SessionHost::Callbacks callbacks;
        callbacks.on_delivery = [this](const mcast::DeliveryChanged& change) {
            on_delivery(change);
        };
        callbacks.on_member = [this](const mcast::MemberChanged& change) { on_member(change); };
        callbacks.on_state = [this](mcast::SenderState state, const std::string& why) {
            if (state != mcast::SenderState::ended) return;
            why_ended_ = why;
            // Time for the last words to reach the members.
            stop_ = loop_.after(std::chrono::milliseconds(300), [this] { loop_.stop(); });
        };
        callbacks.on_pause = [this](mcast::PauseReason reason) { on_pause(reason); };
        callbacks.on_forgery = [this](const std::string& name, const std::string& words) {
            progress_.clear();
            std::fprintf(stderr, "%s: %s\n", name.c_str(), words.c_str());
        };
        host_ = TRY(session::SessionStreams::create(loop_, host, interfaces_, network.group,
                                                    std::move(source), callbacks));
        return watch_queriers();
    }

    // Without the right to hear IGMP nothing is said, unless it was asked for.
    Status watch_queriers() {
        const auto& querier = options_.network.querier;
        for (std::size_t i = 0; i < interfaces_.size(); ++i) {
            auto watch =
                net::IgmpWatch::start(loop_, {interfaces_[i], host_->groups()[i].is_v6(), querier},
                                      [this](const std::string& words) {
                                          progress_.clear();
                                          std::fprintf(stderr, "muster: %s\n", words.c_str());
                                      });
            if (!watch.ok() && querier.stand_in) return watch.error();
            if (watch.ok()) queriers_.push_back(std::move(*watch));
        }
        return {};
    }

    // Why a request of a member is not answered.
    std::optional<net::HttpResponse> refusal_of(const net::HttpRequest& request) const {
        if (!crypto::equal_constant_time(as_bytes(request.bearer_token), as_bytes(secret_))) {
            return net::HttpResponse::text(
                401, "wrong token: use the file that muster send wrote with --token-file");
        }
        if (!host_) return net::HttpResponse::text(503, "the file is still being hashed");
        return std::nullopt;
    }

    net::HttpResponse answer(const net::HttpRequest& request) {
        const std::string folder = std::string(kContentTarget) + "/";
        if (!request.path.starts_with(folder)) {
            return net::HttpResponse::text(404, "this is muster send");
        }
        if (auto refusal = refusal_of(request)) return *refusal;
        return host_->answer_range(request.path.substr(folder.size()), request);
    }

    void on_websocket(const net::HttpRequest& request, const net::WebSocketAcceptor& acceptor) {
        if (request.path != kTransferTarget) {
            return acceptor.reject(net::HttpResponse::text(
                404, "this is muster send: ask for " + std::string(kTransferTarget)));
        }
        if (auto refusal = refusal_of(request)) return acceptor.reject(*refusal);
        if (auto socket = acceptor.accept()) host_->accept(std::move(socket), "", request.local);
    }

    void on_member(const mcast::MemberChanged& change) {
        if (options_.json) return;
        progress_.clear();
        const bool joined = change.state == mcast::MemberState::active && change.why.empty();
        const std::string state(mcast::to_string(change.state));
        std::fprintf(stderr, "%s: %s%s%s\n", change.name.c_str(), joined ? "joined" : state.c_str(),
                     change.why.empty() ? "" : ": ", change.why.c_str());
    }

    void on_pause(mcast::PauseReason reason) {
        progress_.clear();
        const std::string why(mcast::to_string(reason));
        std::fprintf(stderr, "muster: %s\n", why.empty() ? "goes on" : ("paused: " + why).c_str());
    }

    static std::string limit_words(const session::SenderSnapshot& now) {
        if (now.limited_by == mcast::RateLimit::searching) return " and rising";
        return " (limited by " + std::string(mcast::to_string(now.limited_by)) + ")";
    }

    void on_delivery(const mcast::DeliveryChanged& change) {
        if (options_.json) return;
        progress_.clear();
        const char* how = change.delivery == mcast::Delivery::multicast ? "multicast reaches it"
                          : change.delivery == mcast::Delivery::unicast ? "takes blocks by HTTPS: "
                                                                        : "waits for multicast: ";
        std::fprintf(stderr, "%s: %s%s\n", change.name.c_str(), how, change.why.c_str());
    }

    void tick() {
        tick_ = loop_.after(std::chrono::milliseconds(200), [this] { tick(); });
        if (!host_) return progress_.show("hashing " + bar(hashed_, 24));
        const auto now = host_->snapshot();
        std::uint32_t done = 0;
        std::uint32_t slow = 0;
        for (const auto& m : now.members) {
            done += m.state == mcast::MemberState::verified;
            slow += m.state == mcast::MemberState::deferred || m.state == mcast::MemberState::away;
        }
        if (now.state == mcast::SenderState::gathering) {
            progress_.show("waiting for " + std::to_string(options_.receivers) + " receivers, " +
                           std::to_string(now.live_members) + " are here (at most " +
                           std::to_string(options_.max_wait_seconds) + " s)");
        } else {
            progress_.show(
                bar(now.progress, 24) + " " + human_rate(now.rate_bits_per_second) +
                limit_words(now) + ", " + human_bytes(now.counters.wire_bytes()) + " sent, " +
                (now.unicast_bytes > 0 ? human_bytes(now.unicast_bytes) + " by HTTPS, "
                                       : std::string()) +
                std::to_string(done) + " of " + std::to_string(now.members.size()) + " verified" +
                (slow > 0 ? ", " + std::to_string(slow) + " slow" : std::string()));
        }
    }

    int conclude() const {
        std::uint32_t verified = 0;
        for (const auto& m : final_.members) verified += m.state == mcast::MemberState::verified;
        if (options_.json) print_json(verified);
        if (final_.members.empty()) {
            if (why_ended_ != kNobodyCame) {
                std::fprintf(stderr, "muster: %s\n", why_ended_.c_str());
                return kFailed;
            }
            std::fprintf(stderr, "muster: nobody came within %lld s\n",
                         static_cast<long long>(options_.max_wait_seconds));
            return kNobody;
        }
        for (const auto& m : final_.members) {
            if (m.state == mcast::MemberState::verified) continue;
            const std::string why = m.why.empty() ? why_ended_ : m.why;
            std::fprintf(stderr, "muster: %s did not verify: %s\n", m.name.c_str(), why.c_str());
        }
        if (verified < options_.receivers) {
            std::fprintf(stderr, "muster: %u of the %u receivers expected have verified\n",
                         verified, options_.receivers);
            return kNotAll;
        }
        if (!options_.json) {
            std::printf("%u verified in %.1f s, %s by multicast", verified, final_.seconds,
                        human_bytes(final_.counters.wire_bytes()).c_str());
            if (final_.unicast_bytes > 0) {
                std::printf(", %s by HTTPS", human_bytes(final_.unicast_bytes).c_str());
            }
            std::printf("\n");
        }
        return kOk;
    }

    void print_json(std::uint32_t verified) const {
        const auto& counters = final_.counters;
        Value bytes = Value::map();
        bytes.set("source", counters.source_wire_bytes).set("repair", counters.repair_wire_bytes);
        bytes.set("status", counters.status_wire_bytes).set("total", counters.wire_bytes());
        bytes.set("unicast", final_.unicast_bytes);
        Value receivers = Value::list();
        for (const auto& m : final_.members) {
            Value item = Value::map();
            item.set("name", m.name).set("state", mcast::to_string(m.state)).set("why", m.why);
            item.set("seconds", m.seconds).set("loss", m.counters.loss());
            item.set("received", m.counters.datagrams_received);
            item.set("repaired", m.counters.blocks_repaired);
            item.set("forged", m.counters.blocks_forged);
            item.set("wanted_blocks", m.blocks_wanted);
            item.set("unicast_bytes", m.counters.unicast_bytes);
            item.set("delivery", mcast::to_string(m.delivery)).set("delivery_why", m.delivery_why);
            receivers.push(std::move(item));
        }
        Value line = Value::map();
        line.set("bytes_sent", std::move(bytes)).set("receivers", std::move(receivers));
        line.set("verified", verified).set("rounds", counters.groups_repaired);
        line.set("symbol_bytes", unsigned{final_.symbol_bytes});
        line.set("naks", counters.naks_received).set("seconds", final_.seconds);
        line.set("rate_limited_by", mcast::to_string(final_.limited_by));
        std::printf("%s\n", text::to_json(line).c_str());
    }

    const SendOptions options_;
    std::string secret_;
    crypto::SigningKey key_;
    net::Loop loop_;
    net::Timer tick_;
    std::vector<net::Interface> interfaces_;
    std::vector<std::unique_ptr<net::IgmpWatch>> queriers_;
    net::Timer stop_;
    ProgressLine progress_;
    std::unique_ptr<session::SessionStreams> host_;
    session::SenderSnapshot final_;
    std::string why_ended_;
    Status failure_;
    std::atomic<double> hashed_ = 0;
    std::atomic<bool> stopping_ = false;
    session::Worker hasher_{"hash"};
};

}  // namespace

int run_send(const SendOptions& options) {
    auto code = Send(options).run();
    return code.ok() ? *code : report(code.error());
}

void add_send_command(CLI::App& app, Run& run) {
    struct Raw {
        SendOptions options;
        std::string rate;
        std::string rate_mode;
    };
    auto raw = std::make_shared<Raw>();
    auto* command = app.add_subcommand("send", "Multicast one file to receivers, without a site");
    auto& options = raw->options;
    command->add_option("file", options.file, "The file")->required();
    add_network_options(*command, options.network);
    command->add_option("--rate", raw->rate, "Bits per second on the wire, e.g. 200M; 0: no cap");
    command->add_option("--rate-mode", raw->rate_mode,
                        "fixed (default with --rate): at that rate; adaptive (default without): as "
                        "network and receivers allow, --rate is a cap");
    command->add_option("--receivers", options.receivers, "Start when so many have joined")
        ->check(CLI::PositiveNumber);
    command->add_option("--max-wait", options.max_wait_seconds, "... or after so many seconds")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--listen", options.listen, "ADDR:PORT for the receivers")->required();
    command->add_option("--token-file", options.token_file, "Secret and fingerprint")->required();
    command
        ->add_option("--epoch-packets", options.epoch_packets,
                     "A key step after so many datagrams, for tests")
        ->check(CLI::Range(mcast::kMinEpochPackets, mcast::kEpochPackets));
    command
        ->add_option("--unicast-share", options.unicast_share_percent,
                     "Percent of the rate for receivers that multicast does not reach; 0: none")
        ->check(CLI::Range(0, 100));
    command->add_flag("--multicast-only", options.multicast_only,
                      "Receivers that multicast does not reach wait for it");
    add_slow_clients(*command, options.slow_clients);
    command->add_flag("--json", options.json, "One JSON line of figures at the end");
    command->callback([raw, &run] {
        run = [raw] {
            auto rate = parse_rate_choice(raw->rate, raw->rate_mode);
            if (!rate.ok()) return report(rate.error());
            raw->options.rate_bits_per_second = rate->bits_per_second;
            raw->options.rate_mode = rate->mode;
            return run_send(raw->options);
        };
    });
}

}  // namespace muster::cli
