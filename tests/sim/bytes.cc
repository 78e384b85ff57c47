// SPDX-License-Identifier: GPL-3.0-or-later
//
// What fleets cost in bytes: symbols sent against those of image and manifest, and against the
// ideal of 1 / (1 - p), which no code and no protocol can beat. 100 MiB at 1 Gbit/s; groups of a
// length and interleaving that the sender finds by itself while it sends.
#include <string>

#include "scenario.h"

namespace muster::sim {

namespace {

constexpr std::uint64_t kImageBytes = 100u << 20;

struct Fleet {
    std::uint32_t receivers = 0;
    double loss = 0;
    double mean_burst = 0;  // 0: independent
    double over_ideal = 0;  // at most
    bool full = false;      // too dear for every day
};

std::string name_of(const Fleet& fleet) {
    const auto per_mille = static_cast<int>(fleet.loss * 1000 + 0.5);
    std::string name =
        "bytes-" + std::to_string(fleet.receivers) + "-" +
        (per_mille % 10 == 0 ? std::to_string(per_mille / 10) : "0." + std::to_string(per_mille)) +
        "%";
    if (fleet.mean_burst > 0)
        name += "-burst-" + std::to_string(static_cast<int>(fleet.mean_burst));
    return name;
}

Scenario scenario(const Fleet& fleet) {
    return {name_of(fleet), fleet.full ? "bytes-full" : "bytes", 1,
            [=](std::uint64_t seed) {
                auto options = plain_session(seed, fleet.receivers, 1, fleet.loss);
                options.image_bytes = kImageBytes;
                for (auto& guest : options.guests) {
                    guest.down.mean_burst = guest.up.mean_burst = fleet.mean_burst;
                }
                return options;
            },
            [=](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_complete(report, findings);
                expect_at_most("symbols sent against the ideal",
                               report.symbols_per_source() * (1 - fleet.loss), 1 + fleet.over_ideal,
                               findings);
                return findings;
            }};
}

}  // namespace

std::vector<Scenario> byte_scenarios() {
    std::vector<Scenario> list;
    for (const double loss : {0.001, 0.01, 0.05, 0.10}) {
        list.push_back(scenario({1000, loss, 0, 0.02, false}));
        list.push_back(scenario({10'000, loss, 0, 0.025, true}));
    }
    for (const double loss : {0.01, 0.05}) {
        for (const double burst : {5.0, 20.0}) {
            list.push_back(scenario({1000, loss, burst, 0.06, false}));
        }
    }
    return list;
}

}  // namespace muster::sim
