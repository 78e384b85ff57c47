// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/agent.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/link.h"
#include "agent/log_tap.h"
#include "agent/report_queue.h"
#include "agent/sequence_run.h"
#include "base/hex.h"
#include "net/monotonic.h"
#include "net/random.h"

namespace muster::agent {

namespace {

// The one place of the agent that reads the wall clock, for people; nothing is decided by it.
std::int64_t wall_clock_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string text_or_empty(const Value& message, std::string_view key) {
    auto text = message.string_or(key, "");
    return text.ok() ? *text : std::string();
}

std::int64_t int_or_zero(const Value& message, std::string_view key) {
    auto number = message.int_or(key, 0);
    return number.ok() ? *number : 0;
}

}  // namespace

struct Agent::Impl {
    Impl(net::Loop& owner, AgentOptions agent_options)
        : loop(owner), options(std::move(agent_options)), run_id(to_hex(net::random_bytes(8))) {}

    void start();
    void on_message(const Value& message);
    Status on_order(const Value& message);
    void on_control(const Value& message);
    Result<std::string> obey(const Value& message);
    void on_recorded();
    void on_progress(const ProgressReport& report);
    void on_step(const StepReport& report);
    void on_line(std::string_view level, std::string text);
    void on_finished(const Status& status, bool verified);
    void send_reports();
    void stop(Status status);

    net::Loop& loop;
    const AgentOptions options;
    const std::string run_id;  // the numbers of the reports are of this run of the agent
    std::unique_ptr<Link> link;
    ReportQueue reports;
    net::Timer reports_timer;
    Status result;
    // The deployment in hand, from its order until the server has recorded its result; whatever
    // happens to the connection meanwhile, it must not be ordered, and done, a second time.
    std::optional<std::int64_t> deployment;
    // Its run, until another order comes: one that failed may be told to go on.
    std::unique_ptr<SequenceRun> run;
    std::int64_t run_deployment = 0;
    // Said on every connection until it is recorded: one may break with it on its way.
    std::optional<Value> unrecorded_result;
    bool result_said = false;  // on this connection
    LogTap tap{[this](std::string_view level, std::string text) { on_line(level, text); }};
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
        hello.set("run", run_id).set("environment", options.environment);
        if (!options.hardware.is_null()) hello.set("hardware", options.hardware);
    };
    callbacks.on_connected = [this] {
        reports.on_connected();
        result_said = false;
        send_reports();
    };
    link = std::make_unique<Link>(loop, server, std::move(callbacks), seed);
    link->start();
}

void Agent::Impl::stop(Status status) {
    result = std::move(status);
    loop.stop();
}

void Agent::Impl::on_message(const Value& message) {
    const std::string type = text_or_empty(message, "type");
    if (type == "order") {
        if (deployment) return;
        deployment = run_deployment = int_or_zero(message, "deployment");
        run.reset();
        Status status = on_order(message);
        if (status.ok()) return;
        spdlog::error("{}", status.error().message());
        on_finished(status, false);
    } else if (type == "idle") {
        spdlog::info("nothing to do: {}", text_or_empty(message, "reason"));
    } else if (type == "control") {
        on_control(message);
    } else if (type == "logged") {
        reports.on_acknowledged(static_cast<std::uint64_t>(int_or_zero(message, "seq")));
    } else if (type == "recorded") {
        on_recorded();
    } else if (type == "refused") {
        stop(Error(Errc::permission_denied,
                   "refused by the server: " + text_or_empty(message, "reason")));
    }
}

void Agent::Impl::on_recorded() {
    // The sequence may have been told to go on while its result was on its way.
    if (!unrecorded_result) return;
    deployment.reset();
    unrecorded_result.reset();
    if (options.once) loop.stop();
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

// ---- what an administrator wants ----

void Agent::Impl::on_control(const Value& message) {
    const auto obeyed = obey(message);
    const std::string words = obeyed.ok() ? *obeyed : obeyed.error().message();
    const std::string reason = text_or_empty(message, "reason");
    spdlog::info("{} ordered{}{}: {}{}", text_or_empty(message, "action"),
                 reason.empty() ? "" : ", because ", reason,
                 obeyed.ok() ? "" : "not done: ", words);
    Value answer = Value::map();
    answer.set("type", "controlled").set("id", int_or_zero(message, "id"));
    answer.set("accepted", obeyed.ok()).set("message", words);
    link->send(answer);
}

Result<std::string> Agent::Impl::obey(const Value& message) {
    const std::string name = TRY(message.string_at("action"));
    const auto action = control_action_from(name);
    if (!action) return Error(Errc::invalid_argument, "this agent does not know " + name);
    if (!run) return Error(Errc::busy, "nothing is running on this computer");
    const std::int64_t wanted = TRY(message.int_at("deployment"));
    if (wanted != run_deployment) {
        return Error(Errc::busy, "this computer works on deployment " +
                                     std::to_string(run_deployment) + ", not on " +
                                     std::to_string(wanted));
    }
    const std::string reason = TRY(message.string_or("reason", ""));
    if (!run->failed()) return run->control(*action, reason);
    // It is in hand again, and what was said of its end is void.
    auto earlier = std::pair(deployment, std::exchange(unrecorded_result, std::nullopt));
    deployment = run_deployment;
    auto obeyed = run->control(*action, reason);
    if (!obeyed.ok()) std::tie(deployment, unrecorded_result) = std::move(earlier);
    return obeyed;
}

// ---- what is told to the server ----

void Agent::Impl::on_line(std::string_view level, std::string text) {
    if (!loop.on_loop_thread()) {
        loop.post(
            [this, level = std::string(level), text = std::move(text)] { on_line(level, text); });
        return;
    }
    if (!deployment) return;
    const auto step = run ? run->step() : std::nullopt;
    reports.add_line(wall_clock_ms(), level, step, std::move(text));
    // Not from within: whoever logs may be in the middle of something.
    if (!reports_timer.pending()) {
        reports_timer = loop.after(Duration::zero(), [this] { send_reports(); });
    }
}

void Agent::Impl::on_step(const StepReport& report) {
    spdlog::info("step {} ({}) {}{}{}", report.index + 1, report.name, report.outcome,
                 report.message.empty() ? "" : ": ", report.message);
    reports.add_step(wall_clock_ms(), report);
    send_reports();
}

void Agent::Impl::on_progress(const ProgressReport& report) {
    Value message = Value::map();
    message.set("type", "progress").set("stage", report.stage).set("paused", report.paused);
    message.set("progress", report.progress);
    message.set("rate_bytes_per_second", report.rate_bytes_per_second);
    message.set("missing_blocks", report.missing_blocks);
    message.set("blocks_received", report.blocks_received);
    message.set("blocks_repaired", report.blocks_repaired).set("loss", report.loss);
    message.set("unicast_bytes", report.unicast_bytes);
    message.set("seconds", report.seconds).set("message", report.message);
    link->send(message);
}

void Agent::Impl::on_finished(const Status& status, bool verified) {
    result = status;
    const bool cancelled = !status.ok() && status.error().code() == Errc::cancelled;
    if (status.ok()) {
        spdlog::info("task sequence succeeded{}", verified ? ", verified" : "");
    } else if (cancelled) {
        spdlog::warn("task sequence {}", status.error().message());
    } else {
        spdlog::error("task sequence failed: {}", status.error().message());
    }
    Value message = Value::map();
    message.set("type", "result");
    message.set("state", status.ok() ? "succeeded" : cancelled ? "cancelled" : "failed");
    message.set("message", status.ok() ? std::string() : status.error().message());
    message.set("verified", verified);
    unrecorded_result = std::move(message);
    result_said = false;
    send_reports();
}

// The result comes after everything that was said before it.
void Agent::Impl::send_reports() {
    if (!link->connected()) return;
    const TimePoint now = net::monotonic_now();
    while (auto message = reports.poll_message(now)) link->send(*message);
    if (const auto deadline = reports.next_deadline()) {
        reports_timer = loop.after(*deadline - now, [this] { send_reports(); });
    } else if (unrecorded_result && !result_said) {
        result_said = true;
        link->send(*unrecorded_result);
    }
}

Agent::Agent(net::Loop& loop, AgentOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Agent::~Agent() = default;
void Agent::start() { impl_->start(); }
Status Agent::result() const { return impl_->result; }

}  // namespace muster::agent
