// SPDX-License-Identifier: GPL-3.0-or-later
//
// Computers that cannot follow the stream, and what it costs the others: nothing.
#include <functional>

#include "scenario.h"
#include "sim/simulation.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kStream = 190'000'000;
constexpr std::uint64_t kPort = 20'000'000;
constexpr double kWirePerPayload = 1486.0 / 1408;

// Eight computers; the first `slow` of them have another port, disk or manner.
SimulationOptions room(std::uint64_t seed, std::uint32_t slow,
                       const std::function<void(GuestOptions&)>& make_slow) {
    auto options = plain_session(seed, 8, 24, 0);
    options.payload = PayloadMode::identity;
    options.sender.rate_bits_per_second = kStream;
    for (std::uint32_t i = 0; i < slow; ++i) make_slow(options.guests[i]);
    return options;
}

void slow_port(GuestOptions& guest) {
    guest.down.rate_bits_per_second = kPort;
    guest.down.queue_bytes = 256 * 1024;
}

double image_seconds(const SimulationOptions& options, double bits_per_second) {
    return 8 * static_cast<double>(options.image_bytes) / bits_per_second;
}

// Of those after the first `slow`.
double others_seconds(const RunReport& report, std::uint32_t slow) {
    Duration last{};
    for (std::size_t i = slow; i < report.outcomes.size(); ++i) {
        last = std::max(last, report.outcomes[i].completed_at);
    }
    return to_seconds(last);
}

// The same room without the slow ones.
double alone_seconds(const SimulationOptions& options, std::uint32_t slow) {
    SimulationOptions without = options;
    without.guests.erase(without.guests.begin(), without.guests.begin() + slow);
    without.sender.start.min_members -= slow;
    return others_seconds(simulate(without), 0);
}

Scenario scenario(
    const std::string& name, std::uint32_t slow,
    const std::function<void(GuestOptions&)>& make_slow, mcast::SlowPolicy policy,
    const std::function<void(const SimulationOptions&, const RunReport&, Findings&)>& judge) {
    return {name, "slow", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, slow, make_slow);
                options.sender.policy = policy;
                return options;
            },
            [=](const SimulationOptions& options, const RunReport& report) {
                Findings findings;
                expect_complete(report, findings);
                judge(options, report, findings);
                return findings;
            }};
}

void expect_undisturbed(const SimulationOptions& options, const RunReport& report,
                        std::uint32_t slow, Findings& findings) {
    expect_at_most("time of the others against their time without the slow",
                   others_seconds(report, slow) / alone_seconds(options, slow), 1.05, findings);
}

double egress(const SimulationOptions& options, const RunReport& report) {
    return static_cast<double>(report.sent.wire_bytes()) / static_cast<double>(options.image_bytes);
}

// One or more ports of a tenth of the stream: one second pass for all of them.
Scenario ports(std::uint32_t count, double most_egress) {
    return scenario(
        "slow-port-" + std::to_string(count), count, slow_port, mcast::SlowPolicy::defer,
        [=](const SimulationOptions& options, const RunReport& report, Findings& findings) {
            expect_undisturbed(options, report, count, findings);
            expect_at_most("time of the slow against image / port",
                           to_seconds(report.duration) / image_seconds(options, kPort), 1.3,
                           findings);
            expect_at_most("bytes sent against the image", egress(options, report), most_egress,
                           findings);
        });
}

Scenario waiting() {
    return scenario(
        "slow-port-wait", 1, slow_port, mcast::SlowPolicy::wait,
        [](const SimulationOptions& options, const RunReport& report, Findings& findings) {
            expect_at_most("time of all against image / port",
                           to_seconds(report.duration) / image_seconds(options, kPort), 1.2,
                           findings);
            expect_at_most("bytes sent against the image", egress(options, report), 1.3, findings);
        });
}

// Half is lost whatever is sent: no port, so it stays in the group and is repaired at full rate.
Scenario lossy() {
    return scenario(
        "lossy-is-no-port", 1, [](GuestOptions& guest) { guest.down.loss = 0.5; },
        mcast::SlowPolicy::defer,
        [](const SimulationOptions& options, const RunReport& report, Findings& findings) {
            expect_undisturbed(options, report, 1, findings);
            const double whole = image_seconds(options, kStream) * kWirePerPayload;
            expect_at_most("time of the lossy against image / stream",
                           to_seconds(report.duration) / whole, 3.2, findings);
        });
}

// A disk that takes a third of the stream, two of them: shares in the first pass, the rest after.
Scenario disks(std::uint32_t count) {
    const auto slow_disk = [](GuestOptions& guest) {
        // One block of 90112 bytes at 60 Mbit/s.
        guest.sink_bits_per_second = 60'000'000;
        guest.max_open_blocks = 5 * 64;
    };
    return scenario(
        "slow-disk-" + std::to_string(count), count, slow_disk, mcast::SlowPolicy::defer,
        [=](const SimulationOptions& options, const RunReport& report, Findings& findings) {
            expect_undisturbed(options, report, count, findings);
            expect_at_most("time of the slow against image / disk",
                           to_seconds(report.duration) / image_seconds(options, 60e6), 1.3,
                           findings);
            expect_at_most("bytes sent against the image", egress(options, report), 2.0, findings);
        });
}

// Gone without a word before the stream began, or in the middle of it.
Scenario gone(const std::string& name, Duration at) {
    return {name, "slow", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, 1, [at](GuestOptions& guest) {
                    guest.outages.push_back({at, seconds(60), true, 0});
                });
                options.limit = seconds(200);
                return options;
            },
            [](const SimulationOptions& options, const RunReport& report) {
                Findings findings;
                expect_undisturbed(options, report, 1, findings);
                return findings;
            }};
}

Scenario greedy() {
    return {"greedy", "slow", 1,
            [](std::uint64_t seed) {
                return room(seed, 1, [](GuestOptions& guest) { guest.lies = true; });
            },
            [](const SimulationOptions& options, const RunReport& report) {
                Findings findings;
                expect_complete(report, findings);
                expect_undisturbed(options, report, 1, findings);
                return findings;
            }};
}

}  // namespace

std::vector<Scenario> slow_scenarios() {
    return {
        ports(1, 2.2),
        ports(2, 2.3),
        waiting(),
        lossy(),
        disks(1),
        disks(2),
        gone("gone-at-once", milliseconds(5)),
        gone("gone-in-the-middle", seconds(1)),
        greedy(),
    };
}

}  // namespace muster::sim
