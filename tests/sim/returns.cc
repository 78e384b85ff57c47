// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rooms in which many leave and come back at once: half of the computers lose their power, all of
// them reboot in turn, the server is killed, its cable is out. Everybody ends with everything, and
// what is sent again is what was missed.
#include "base/prng.h"
#include "scenario.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kGroups = 32;
constexpr std::uint64_t kRate = 100'000'000;  // the pass takes some 8 s, more than to come back

SimulationOptions room(std::uint64_t seed, std::uint32_t receivers, double loss) {
    auto options = plain_session(seed, receivers, kGroups, loss);
    options.sender.rate_bits_per_second = kRate;
    options.coalesce = milliseconds(1);
    return options;
}

// Symbols that leave in so long.
double symbols_in(Duration time) { return to_seconds(time) * kRate / 8 / 1486; }

double whole(const SimulationOptions& options) {
    return formula_symbols(options, options.guests.front().down.loss,
                           static_cast<std::uint32_t>(options.guests.size()));
}

// What must be sent in any case, 2 % of it, and so much again.
Findings judge_again(const SimulationOptions& options, const RunReport& report, double again) {
    Findings findings;
    expect_complete(report, findings);
    expect_at_most("symbols sent", static_cast<double>(report.sent.symbols()),
                   1.02 * whole(options) + again, findings);
    return findings;
}

// All come back together and have missed the same. The groups in which they left and in which they
// came back are served anew.
Scenario half_power_cycled(std::uint32_t receivers) {
    constexpr Duration kAway = seconds(1);
    return {"half-power-cycled-" + std::to_string(receivers), "returns", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, receivers, 0.01);
                for (std::uint32_t i = 0; i < receivers / 2; ++i) {
                    options.guests[i].outages.push_back({seconds(3), kAway, true, 5});
                }
                return options;
            },
            [=](const SimulationOptions& options, const RunReport& report) {
                return judge_again(options, report, symbols_in(kAway) + 2 * kGroupSymbols);
            }};
}

// Each reboots once, at a moment of its own: together they have missed every part of the image, so
// one more pass serves them all, however many they are. Every group is also the one in which
// somebody came back, and is completed for it by rows: 15 % more.
Scenario all_reboot(std::uint32_t receivers) {
    return {"all-reboot-" + std::to_string(receivers), "returns", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, receivers, 0.01);
                Prng prng(mix64(seed));
                for (auto& guest : options.guests) {
                    const auto at = milliseconds(500 + prng.below(7000));
                    guest.outages.push_back({at, seconds(2), true, 5});
                }
                return options;
            },
            [=](const SimulationOptions& options, const RunReport& report) {
                return judge_again(options, report, 1.15 * whole(options));
            }};
}

// A twentieth of the image is sent again: what was in the open groups, and what is on its way.
Findings judge_twentieth(const SimulationOptions& options, const RunReport& report) {
    return judge_again(options, report, whole(options) / 20);
}

Scenario server_killed(std::uint32_t receivers) {
    return {"server-killed-" + std::to_string(receivers), "returns", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, receivers, 0.01);
                options.sender.start.max_wait = seconds(5);
                options.server_outages.push_back({milliseconds(4100), seconds(1)});
                return options;
            },
            judge_twentieth};
}

Scenario server_cable_out(std::uint32_t receivers, Duration lasts) {
    const auto length = std::to_string(static_cast<int>(to_seconds(lasts)));
    return {"server-cable-out-" + length + "s-" + std::to_string(receivers), "returns", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, receivers, 0.01);
                options.sender.closed = true;
                options.partitions.push_back({seconds(3), lasts, {}, false, false});
                return options;
            },
            judge_twentieth};
}

// The switch behind the server is off: what leaves until the sender notices is lost to all.
Scenario switch_off(std::uint32_t receivers) {
    return {"switch-off-" + std::to_string(receivers), "returns", 1,
            [=](std::uint64_t seed) {
                auto options = room(seed, receivers, 0.01);
                options.sender.closed = true;
                options.partitions.push_back({seconds(3), seconds(30), {}, true, false});
                return options;
            },
            [](const SimulationOptions& options, const RunReport& report) {
                const Duration blind = options.sender.feedback_timeout;
                return judge_again(options, report, symbols_in(blind) + whole(options) / 20);
            }};
}

}  // namespace

std::vector<Scenario> return_scenarios() {
    return {
        half_power_cycled(200),
        half_power_cycled(1000),
        all_reboot(200),
        server_killed(200),
        server_killed(1000),
        server_cable_out(200, seconds(1)),
        server_cable_out(200, seconds(5)),
        server_cable_out(200, seconds(30)),
        switch_off(200),
    };
}

}  // namespace muster::sim
