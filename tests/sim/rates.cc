// SPDX-License-Identifier: GPL-3.0-or-later
//
// The adaptive rate: beside TCP, after it, on lossy links, and with receivers that are the limit.
// The sessions are longer than the runs, so nobody completes.
#include <algorithm>

#include "scenario.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLink = 100'000'000;

SimulationOptions adaptive_session(std::uint64_t seed, std::uint32_t receivers, double loss,
                                   Duration runs) {
    auto options = plain_session(seed, receivers, 1, loss);
    options.payload = PayloadMode::identity;
    options.image_bytes = 3'000'000'000;
    options.coalesce = std::chrono::microseconds(200);
    options.sender.rate_bits_per_second = 0;
    options.sender.rate_mode = mcast::RateMode::adaptive;
    options.sample_every = milliseconds(100);
    options.limit = runs;
    return options;
}

// A switch's port of 100 Mbit/s with a queue of so many milliseconds.
LinkOptions port(Duration queue) {
    LinkOptions link;
    link.rate_bits_per_second = kLink;
    link.queue_bytes = static_cast<std::uint32_t>(kLink / 8 * to_seconds(queue));
    return link;
}

struct Rates {
    double session = 0;  // bit/s on the wire behind the bottleneck
    double tcp = 0;
};

Rates rates_between(const RunReport& report, Duration begin, Duration end) {
    const RateSample* first = nullptr;
    const RateSample* last = nullptr;
    for (const auto& sample : report.samples) {
        if (sample.at >= begin && first == nullptr) first = &sample;
        if (sample.at <= end) last = &sample;
    }
    if (first == nullptr || last == nullptr || last->at <= first->at) return {};
    const double span = to_seconds(last->at - first->at);
    return {8 * static_cast<double>(last->passed_wire_bytes - first->passed_wire_bytes) / span,
            8 * static_cast<double>(last->tcp_bytes - first->tcp_bytes) / span};
}

void expect_between(const std::string& what, double value, double low, double high,
                    Findings& findings) {
    if (value >= low && value <= high) return;
    findings.push_back(what + ": " + std::to_string(value) + ", between " + std::to_string(low) +
                       " and " + std::to_string(high));
}

void expect_no_violation(const RunReport& report, Findings& findings) {
    for (const auto& violation : report.violations) findings.push_back(violation);
}

// ---- TCP ----

Scenario beside_tcp(const std::string& name, std::uint32_t receivers, Duration queue,
                    Duration tcp_starts) {
    return {name, "rates", 1,
            [=](std::uint64_t seed) {
                auto options = adaptive_session(seed, receivers, 0, seconds(30));
                options.bottleneck = port(queue);
                options.tcp_flows = {{tcp_starts, seconds(60), milliseconds(1)}};
                return options;
            },
            [](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_no_violation(report, findings);
                const Rates rates = rates_between(report, seconds(15), seconds(30));
                expect_between("share of the session", rates.session / kLink, 0.3, 0.7, findings);
                expect_between("share of TCP", rates.tcp / kLink, 0.28, 0.7, findings);
                return findings;
            }};
}

Scenario after_tcp(const std::string& name, std::uint32_t receivers) {
    return {name, "rates", 1,
            [=](std::uint64_t seed) {
                auto options = adaptive_session(seed, receivers, 0, seconds(35));
                options.bottleneck = port(milliseconds(50));
                options.tcp_flows = {{seconds(10), seconds(15), milliseconds(1)}};
                return options;
            },
            [](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_no_violation(report, findings);
                const double before = rates_between(report, seconds(4), seconds(10)).session;
                expect_between("share alone", before / kLink, 0.9, 1.0, findings);
                const double after = rates_between(report, seconds(30), seconds(35)).session;
                expect_between("rate 5 s after TCP, against before", after / before, 0.9, 1.1,
                               findings);
                return findings;
            }};
}

// ---- loss that does not answer ----

Scenario noise(const std::string& name, std::uint32_t receivers, double loss, double burst) {
    return {name, "rates", 1,
            [=](std::uint64_t seed) {
                auto options = adaptive_session(seed, receivers, loss, seconds(20));
                options.sender.rate_bits_per_second = 2 * kLink;
                for (auto& guest : options.guests) guest.down.mean_burst = burst;
                return options;
            },
            [](const SimulationOptions& options, const RunReport& report) {
                Findings findings;
                expect_no_violation(report, findings);
                const double cap = static_cast<double>(options.sender.rate_bits_per_second);
                const double share = rates_between(report, seconds(5), seconds(20)).session / cap;
                // The pacer itself reaches 93 %.
                expect_between("share of the cap", share / 0.93, 0.95, 1.1, findings);
                return findings;
            }};
}

// A lossy link that is also full: neither standing still nor flooding it.
Scenario noise_and_limit(const std::string& name, std::uint32_t receivers) {
    return {name, "rates", 1,
            [=](std::uint64_t seed) {
                auto options = adaptive_session(seed, receivers, 0.05, seconds(30));
                options.bottleneck = port(milliseconds(20));
                return options;
            },
            [](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_no_violation(report, findings);
                const Rates rates = rates_between(report, seconds(10), seconds(30));
                expect_between("share of the link", rates.session / kLink, 0.85, 1, findings);
                const double sent = static_cast<double>(report.sent.wire_bytes());
                const double passed = static_cast<double>(report.samples.back().passed_wire_bytes);
                expect_at_most("sent against passed", sent / passed, 1.02, findings);
                return findings;
            }};
}

// ---- receivers ----

Scenario slow_sinks(const std::string& name, std::uint32_t receivers, std::uint32_t slow,
                    double low, double high) {
    return {name, "rates", 1,
            [=](std::uint64_t seed) {
                auto options = adaptive_session(seed, receivers, 0.01, seconds(30));
                options.sender.rate_bits_per_second = 5 * kLink;
                for (std::uint32_t i = 0; i < slow; ++i) {
                    options.guests[i].sink_bits_per_second = kLink;
                }
                return options;
            },
            [=](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_no_violation(report, findings);
                const Rates rates = rates_between(report, seconds(15), seconds(30));
                // A sink of 100 Mbit/s takes 105.5 on the wire and what repair costs.
                expect_between("rate against what the sinks take", rates.session / (1.065 * kLink),
                               low, high, findings);
                for (std::size_t i = slow; slow == receivers && i-- > 0;) {
                    const auto& counters = report.outcomes[i].counters;
                    expect_at_most("own drops of " + report.outcomes[i].name,
                                   static_cast<double>(counters.local_drops) /
                                       static_cast<double>(counters.datagrams_received),
                                   0.01, findings);
                }
                return findings;
            }};
}

}  // namespace

std::vector<Scenario> rate_scenarios() {
    return {
        beside_tcp("rate-beside-tcp", 1, milliseconds(50), seconds(5)),
        beside_tcp("rate-beside-tcp-8", 8, milliseconds(50), seconds(0)),
        beside_tcp("rate-beside-tcp-20ms", 4, milliseconds(20), seconds(5)),
        after_tcp("rate-after-tcp", 1),
        after_tcp("rate-after-tcp-8", 8),
        noise("rate-noise-5%", 8, 0.05, 0),
        noise("rate-noise-5%-bursts", 8, 0.05, 10),
        noise("rate-noise-1%", 1, 0.01, 0),
        noise_and_limit("rate-noise-and-limit", 4),
        slow_sinks("rate-slow-sinks", 4, 4, 0.9, 1.1),
        slow_sinks("rate-one-slow-sink", 8, 1, 3, 5),
    };
}

}  // namespace muster::sim
