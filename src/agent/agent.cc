// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/agent.h"

#include <spdlog/spdlog.h>

#include <optional>

#include "agent/link.h"
#include "agent/sequence_run.h"
#include "net/random.h"

namespace muster::agent {

struct Agent::Impl {
    Impl(net::Loop& owner, AgentOptions agent_options)
        : loop(owner), options(std::move(agent_options)) {}

    void start();
    void on_message(const Value& message);
    Status on_order(const Value& message);
    void on_progress(const ProgressReport& report);
    void on_step(const StepReport& report);
    void on_finished(const Status& status, bool verified);
    void say_result();
    void stop(Status status);

    net::Loop& loop;
    const AgentOptions options;
    std::unique_ptr<Link> link;
    std::unique_ptr<SequenceRun> run;
    Status result;
    // The deployment in hand, from its order until the server has recorded its result; whatever
    // happens to the connection meanwhile, it must not be ordered, and done, a second time.
    std::optional<std::int64_t> deployment;
    std::optional<Value> unrecorded_result;
};

void Agent::Impl::start() {
    net::HttpsClientOptions server;
    server.server = options.server;
    server.fingerprint = options.fingerprint;
    server.bearer_token = options.token;
    std::uint64_t seed = 0;
    net::fill_random(std::as_writable_bytes(std::span(&seed, 1)));
    Link::Callbacks callbacks;
    callbacks.on_message = [this](const Value& message) { on_message(message); };
    callbacks.on_refused = [this](const Error& error) { stop(error); };
    callbacks.on_notice = [](const std::string& words) { spdlog::warn("{}", words); };
    callbacks.on_hello = [this](Value& hello) {
        hello.set("working", deployment.has_value());
        if (deployment) hello.set("deployment", *deployment);
    };
    callbacks.on_connected = [this] { say_result(); };
    link = std::make_unique<Link>(loop, server, std::move(callbacks), seed);
    link->start();
}

void Agent::Impl::stop(Status status) {
    result = std::move(status);
    loop.stop();
}

void Agent::Impl::on_message(const Value& message) {
    const std::string type =
        message.string_or("type", "").ok() ? *message.string_or("type", "") : "";
    if (type == "order") {
        if (deployment) return;
        deployment = message.int_or("deployment", 0).ok() ? *message.int_or("deployment", 0) : 0;
        Status status = on_order(message);
        if (status.ok()) return;
        spdlog::error("{}", status.error().message());
        on_finished(status, false);
    } else if (type == "idle") {
        auto reason = message.string_or("reason", "");
        spdlog::info("nothing to do: {}", reason.ok() ? *reason : "");
    } else if (type == "recorded") {
        deployment.reset();
        unrecorded_result.reset();
        if (options.once) loop.stop();
    } else if (type == "refused") {
        auto reason = message.string_or("reason", "");
        stop(Error(Errc::permission_denied,
                   "refused by the server: " + (reason.ok() ? *reason : std::string())));
    }
}

Status Agent::Impl::on_order(const Value& message) {
    const Value* sequence = message.find("sequence");
    const Value* images = message.find("images");
    if (sequence == nullptr || images == nullptr) {
        return Error(Errc::invalid_argument, "an order without sequence or images");
    }
    auto parsed = TRY(sequence::parse(*sequence).context("the server's order"));
    spdlog::info("running task sequence {}", parsed.name);
    SequenceRun::Callbacks callbacks;
    callbacks.on_step = [this](const StepReport& report) { on_step(report); };
    callbacks.on_progress = [this](const ProgressReport& report) { on_progress(report); };
    callbacks.on_finished = [this](const Status& status, bool verified) {
        on_finished(status, verified);
    };
    callbacks.on_notice = [](const std::string& words) { spdlog::warn("{}", words); };
    run = std::make_unique<SequenceRun>(loop, options, std::move(parsed), *images,
                                        std::move(callbacks));
    run->start();
    return {};
}

void Agent::Impl::on_step(const StepReport& report) {
    spdlog::info("step {} ({}) {}{}{}", report.index + 1, report.name, report.outcome,
                 report.message.empty() ? "" : ": ", report.message);
    Value message = Value::map();
    message.set("type", "step").set("index", std::uint64_t{report.index});
    message.set("name", report.name).set("outcome", report.outcome);
    message.set("message", report.message);
    link->send(message);
}

void Agent::Impl::on_progress(const ProgressReport& report) {
    Value message = Value::map();
    message.set("type", "progress").set("stage", report.stage).set("progress", report.progress);
    message.set("rate_bytes_per_second", report.rate_bytes_per_second);
    message.set("missing_blocks", report.missing_blocks);
    message.set("blocks_received", report.blocks_received);
    message.set("blocks_repaired", report.blocks_repaired).set("loss", report.loss);
    message.set("unicast_bytes", report.unicast_bytes);
    message.set("seconds", report.seconds).set("message", report.message);
    link->send_if_connected(message);
}

void Agent::Impl::on_finished(const Status& status, bool verified) {
    result = status;
    if (status.ok()) {
        spdlog::info("task sequence succeeded{}", verified ? ", verified" : "");
    } else {
        spdlog::error("task sequence failed: {}", status.error().message());
    }
    Value message = Value::map();
    message.set("type", "result").set("state", status.ok() ? "succeeded" : "failed");
    message.set("message", status.ok() ? std::string() : status.error().message());
    message.set("verified", verified);
    unrecorded_result = std::move(message);
    if (link->connected()) say_result();
    // Not from inside its own call.
    loop.post([this] { run.reset(); });
}

// Said again after every reconnection until it is recorded: a connection may break with it on its
// way.
void Agent::Impl::say_result() {
    if (unrecorded_result) link->send(*unrecorded_result);
}

Agent::Agent(net::Loop& loop, AgentOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Agent::~Agent() = default;
void Agent::start() { impl_->start(); }
Status Agent::result() const { return impl_->result; }

}  // namespace muster::agent
