// SPDX-License-Identifier: GPL-3.0-or-later
//
// A fleet of agents in one process, for ./dev bench site: real connections, real reports, no disks.
// Each takes the order it is given, reports its progress once a second and a log line with it, and
// comes back by itself when the server goes away, with the agent's own link.
//
//   muster_bench_agents SERVER FINGERPRINT TOKENS SECONDS
//
// TOKENS has a token a line. Prints a JSON line whenever all are connected or all are gone, and at
// the end what was sent and acknowledged.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "agent/link.h"
#include "net/monotonic.h"

namespace muster::bench {
namespace {

class Fleet;

// One computer.
class Computer {
public:
    Computer(Fleet& fleet, net::Loop& loop, const net::HttpsClientOptions& server,
             std::uint64_t number);
    void report();
    bool connected() const { return greeted_; }
    std::int64_t sent() const { return sent_; }
    std::int64_t acknowledged() const { return acknowledged_; }

private:
    void on_message(const Value& message);
    void say_lines();

    Fleet& fleet_;
    std::uint64_t number_;
    bool greeted_ = false;
    std::int64_t deployment_ = 0;
    std::int64_t sent_ = 0;          // reports, and log lines
    std::int64_t acknowledged_ = 0;  // log lines
    std::unique_ptr<agent::Link> link_;
};

class Fleet {
public:
    Fleet(net::Loop& loop, const net::HttpsClientOptions& server,
          const std::vector<std::string>& tokens, double seconds)
        : loop_(loop), ends_at_(net::monotonic_now() + from_seconds(seconds)) {
        for (std::uint64_t i = 0; i < tokens.size(); ++i) {
            auto own = server;
            own.bearer_token = tokens[i];
            computers_.push_back(std::make_unique<Computer>(*this, loop, own, i));
        }
        timer_ = loop_.after(kTick, [this] { tick(); });
    }

    void on_changed() {
        std::size_t connected = 0;
        for (const auto& each : computers_) connected += each->connected() ? 1 : 0;
        if (connected == last_) return;
        last_ = connected;
        if (connected == computers_.size()) say("connected");
        if (connected == 0) say("gone");
    }

private:
    static constexpr Duration kTick = std::chrono::milliseconds(10);
    static constexpr Duration kPatience = std::chrono::seconds(10);  // for the last answers

    // A hundredth of the fleet every hundredth of a second.
    void tick() {
        const TimePoint now = net::monotonic_now();
        for (std::size_t i = turn_; now < ends_at_ && i < computers_.size(); i += 100) {
            computers_[i]->report();
        }
        turn_ = (turn_ + 1) % 100;
        on_changed();
        if (now >= ends_at_ && (all_acknowledged() || now >= ends_at_ + kPatience)) {
            say("end");
            return loop_.stop();
        }
        timer_ = loop_.after(kTick, [this] { tick(); });
    }

    bool all_acknowledged() const {
        return std::all_of(computers_.begin(), computers_.end(),
                           [](const auto& each) { return each->acknowledged() == each->sent(); });
    }

    void say(const char* what) {
        std::int64_t sent = 0;
        std::int64_t acknowledged = 0;
        for (const auto& each : computers_) {
            sent += each->sent();
            acknowledged += each->acknowledged();
        }
        std::printf("{\"what\": \"%s\", \"at\": %.3f, \"sent\": %lld, \"acknowledged\": %lld}\n",
                    what, to_seconds(net::monotonic_now().time_since_epoch()),
                    static_cast<long long>(sent), static_cast<long long>(acknowledged));
        std::fflush(stdout);
    }

    net::Loop& loop_;
    TimePoint ends_at_;
    std::vector<std::unique_ptr<Computer>> computers_;
    std::size_t turn_ = 0;
    std::size_t last_ = SIZE_MAX;
    net::Timer timer_;
};

Computer::Computer(Fleet& fleet, net::Loop& loop, const net::HttpsClientOptions& server,
                   std::uint64_t number)
    : fleet_(fleet), number_(number) {
    agent::Link::Callbacks callbacks;
    callbacks.on_message = [this](const Value& message) { on_message(message); };
    callbacks.on_refused = [](const Error& error) {
        std::fprintf(stderr, "refused: %s\n", error.message().c_str());
        std::exit(1);
    };
    callbacks.on_notice = [this](const std::string&) { greeted_ = false; };
    callbacks.on_hello = [this](Value& hello) {
        hello.set("run", "bench-" + std::to_string(number_));
        hello.set("working", deployment_ != 0);
        if (deployment_ != 0) hello.set("deployment", deployment_);
    };
    callbacks.on_connected = [this] {
        greeted_ = true;
        say_lines();
    };
    link_ = std::make_unique<agent::Link>(loop, server, std::move(callbacks), number + 1);
    link_->start();
}

void Computer::on_message(const Value& message) {
    const auto type = message.string_or("type", "");
    if (!type.ok()) return;
    if (*type == "order") {
        deployment_ = *message.int_or("deployment", 0);
    } else if (*type == "logged") {
        acknowledged_ = std::max(acknowledged_, *message.int_or("seq", 0));
    }
}

// All that were not acknowledged, as an agent does it.
void Computer::say_lines() {
    if (acknowledged_ >= sent_) return;
    Value lines = Value::list();
    for (std::int64_t seq = acknowledged_ + 1; seq <= sent_; ++seq) {
        Value line = Value::map();
        line.set("seq", seq).set("at_ms", std::int64_t{1'700'000'000'000} + seq);
        line.set("level", "info").set("text", "report " + std::to_string(seq));
        lines.push(std::move(line));
    }
    Value message = Value::map();
    link_->send(message.set("type", "log").set("lines", std::move(lines)));
}

void Computer::report() {
    greeted_ = greeted_ && link_->connected();
    if (deployment_ == 0) return;
    ++sent_;
    if (!greeted_) return;
    Value message = Value::map();
    message.set("type", "progress").set("stage", "receiving").set("progress", 0.5);
    link_->send(message.set("blocks_received", sent_).set("rate_bytes_per_second", 1e6));
    say_lines();
}

int run(char** argv) {
    net::HttpsClientOptions server;
    server.server = argv[1];
    server.fingerprint = argv[2];
    std::vector<std::string> tokens;
    std::ifstream file(argv[3]);
    for (std::string line; std::getline(file, line);) tokens.push_back(line);
    net::Loop loop;
    Fleet fleet(loop, server, tokens, std::strtod(argv[4], nullptr));
    loop.run();
    return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "muster_bench_agents SERVER FINGERPRINT TOKENS SECONDS\n");
        return 2;
    }
    return muster::bench::run(argv);
}
