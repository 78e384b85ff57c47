// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the sender hears: whatever the fleet and the loss, few NAKs about a group in a round, and
// few in a second. 1 Gbit/s; the larger the fleet, the smaller the image.
#include <string>

#include "scenario.h"

namespace muster::sim {

namespace {

constexpr double kNaksPerRound = 50;
constexpr double kNaksPerSecond = 2000;

struct Fleet {
    std::uint32_t receivers = 0;
    int per_mille = 0;         // loss
    int mean_burst = 0;        // 0: independent
    std::uint32_t groups = 0;  // the image, in groups of kGroupSymbols
    bool full = false;
};

std::string name_of(const Fleet& fleet) {
    const int p = fleet.per_mille;
    std::string name = "feedback-" + std::to_string(fleet.receivers) + "-" +
                       (p % 10 == 0 ? std::to_string(p / 10) : "0." + std::to_string(p)) + "%";
    if (fleet.mean_burst > 0) name += "-burst-" + std::to_string(fleet.mean_burst);
    return name;
}

Scenario scenario(const Fleet& fleet) {
    return {name_of(fleet), fleet.full ? "feedback-full" : "feedback", 1,
            [=](std::uint64_t seed) {
                auto options =
                    plain_session(seed, fleet.receivers, fleet.groups, fleet.per_mille / 1000.0);
                for (auto& guest : options.guests) {
                    guest.down.mean_burst = guest.up.mean_burst = fleet.mean_burst;
                }
                return options;
            },
            [=](const SimulationOptions&, const RunReport& report) {
                Findings findings;
                expect_complete(report, findings);
                expect_at_most("NAKs in a round of a group", report.most_naks_in_round,
                               kNaksPerRound, findings);
                expect_at_most("NAKs in a second", report.most_naks_in_second, kNaksPerSecond,
                               findings);
                return findings;
            }};
}

}  // namespace

std::vector<Scenario> feedback_scenarios() {
    std::vector<Scenario> list;
    list.push_back(scenario({1000, 500, 0, 32, false}));
    list.push_back(scenario({1000, 600, 0, 32, false}));
    for (const int per_mille : {1, 10, 50, 100, 300}) {
        list.push_back(scenario({1000, per_mille, 0, 32, false}));
        list.push_back(scenario({10'000, per_mille, 0, 12, true}));
        list.push_back(scenario({100'000, per_mille, 0, 4, true}));
    }
    for (const int burst : {5, 20}) {
        list.push_back(scenario({1000, 50, burst, 32, false}));
        list.push_back(scenario({10'000, 50, burst, 12, true}));
        list.push_back(scenario({100'000, 50, burst, 4, true}));
    }
    return list;
}

}  // namespace muster::sim
