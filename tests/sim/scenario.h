// SPDX-License-Identifier: GPL-3.0-or-later
//
// A scenario is a simulated session and what must be true of it afterwards. It runs with any seed;
// the one in the list is what CTest uses.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/options.h"
#include "sim/report.h"

namespace muster::sim {

// What was found wrong, in words; empty when all was as it must be.
using Findings = std::vector<std::string>;

struct Scenario {
    std::string name;
    std::string part;  // which CTest test runs it
    std::uint64_t seed = 1;
    std::function<SimulationOptions(std::uint64_t seed)> options;
    std::function<Findings(const SimulationOptions&, const RunReport&)> judge;
};

std::vector<Scenario> fleet_scenarios();
std::vector<Scenario> member_scenarios();
std::vector<Scenario> byte_scenarios();
std::vector<Scenario> feedback_scenarios();
std::vector<Scenario> return_scenarios();
std::vector<Scenario> rate_scenarios();
std::vector<Scenario> slow_scenarios();
// Faults of every kind with up to 16 computers and real bytes; each seed is another mixture.
Scenario chaos();

// ---- pieces for them ----

inline constexpr std::uint32_t kGroupSymbols = 2048;
inline constexpr std::uint32_t kLongestGroup = 4096;  // symbols
inline constexpr std::uint64_t kGroupBytes = std::uint64_t{kGroupSymbols} * 1408;

// An image of so many whole groups to so many computers at 1 Gbit/s; identities above 16 of them.
SimulationOptions plain_session(std::uint64_t seed, std::uint32_t receivers, std::uint32_t groups,
                                double loss);
// Everybody has everything, nothing happened that must never happen.
void expect_complete(const RunReport& report, Findings& findings);
void expect_at_most(const std::string& what, double value, double limit, Findings& findings);
// Symbols of an ideal code for this session, everybody there from the start.
double formula_symbols(const SimulationOptions& options, double loss, std::uint32_t receivers);

}  // namespace muster::sim
