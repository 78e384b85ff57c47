// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fleets of 1 to 10,000 at 0 to 10 % loss: everybody ends with everything, for at most 2 % more
// symbols than an ideal code would need, and the sender hears at most 50 NAKs per group and round.
#include "scenario.h"

namespace muster::sim {

namespace {

constexpr double kOverFormula = 1.02;
constexpr double kNaksPerRound = 50;

Findings judge_fleet(const SimulationOptions& options, const RunReport& report) {
    Findings findings;
    expect_complete(report, findings);
    const auto receivers = static_cast<std::uint32_t>(options.guests.size());
    const double loss = options.guests.front().down.loss;
    expect_at_most(
        "symbols sent against the formula",
        static_cast<double>(report.sent.symbols()) / formula_symbols(options, loss, receivers),
        kOverFormula, findings);
    expect_at_most("NAKs in a round of a group", report.most_naks_in_round, kNaksPerRound,
                   findings);
    return findings;
}

Scenario fleet(std::uint32_t receivers, std::uint32_t groups, int loss_percent) {
    return {"fleet-" + std::to_string(receivers) + "-" + std::to_string(loss_percent) + "%",
            "fleets", 1,
            [=](std::uint64_t seed) {
                return plain_session(seed, receivers, groups, loss_percent / 100.0);
            },
            judge_fleet};
}

}  // namespace

std::vector<Scenario> fleet_scenarios() {
    std::vector<Scenario> list;
    for (int loss_percent : {0, 1, 5, 10}) {
        for (std::uint32_t receivers : {1u, 10u, 100u, 1000u}) {
            const std::uint32_t groups = receivers > 16 ? 12 : 8;
            list.push_back(fleet(receivers, groups, loss_percent));
        }
    }
    list.push_back(fleet(10000, 4, 5));
    return list;
}

}  // namespace muster::sim
