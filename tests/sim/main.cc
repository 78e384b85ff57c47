// SPDX-License-Identifier: GPL-3.0-or-later
//
// muster_sim_scenarios: whole sessions in virtual time, from seeds.
//   --list              the scenarios by name
//   --scenario NAME     one of them (with --seed N: with another seed)
//   --part NAME         all of one kind
//   --seeds COUNT [--first N]   chaos, COUNT seeds
//   --seed N            chaos, one seed, told in detail
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "scenario.h"
#include "sim/simulation.h"

namespace muster::sim {

namespace {

struct Arguments {
    bool list = false;
    bool verbose = false;
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> seeds;
    std::uint64_t first = 1;
    std::string scenario;
    std::string part;
};

std::string replay_command(const Scenario& scenario, std::uint64_t seed) {
    const std::string name = scenario.name == "chaos" ? "" : " --scenario " + scenario.name;
    return "./dev sim --seed " + std::to_string(seed) + name;
}

// True when all was as it must be.
bool run(const Scenario& scenario, std::uint64_t seed, bool verbose) {
    const auto start = std::chrono::steady_clock::now();
    const SimulationOptions options = scenario.options(seed);
    const RunReport report = simulate(options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const Findings findings = scenario.judge(options, report);
    std::printf("%-20s %s, took %.2f s\n", scenario.name.c_str(), summary(report).c_str(),
                took.count());
    if (verbose || (!findings.empty() && report.guests <= 16)) {
        std::printf("%s", details(report).c_str());
    }
    for (const auto& finding : findings) std::printf("  WRONG: %s\n", finding.c_str());
    if (!findings.empty()) {
        std::printf("  replay it: %s\n", replay_command(scenario, seed).c_str());
    }
    std::fflush(stdout);
    return findings.empty();
}

std::optional<std::uint64_t> number(const char* text) {
    const std::string_view digits = text == nullptr ? "" : text;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
    if (error != std::errc() || end != digits.end()) return std::nullopt;
    return value;
}

std::optional<Arguments> parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (name == "--list") {
            arguments.list = true;
            continue;
        }
        if (name == "--verbose") {
            arguments.verbose = true;
            continue;
        }
        if (value == nullptr) return std::nullopt;
        ++i;
        if (name == "--scenario") {
            arguments.scenario = value;
        } else if (name == "--part") {
            arguments.part = value;
        } else {
            const auto n = number(value);
            if (!n) return std::nullopt;
            if (name == "--seed") {
                arguments.seed = n;
            } else if (name == "--seeds") {
                arguments.seeds = n;
            } else if (name == "--first") {
                arguments.first = *n;
            } else {
                return std::nullopt;
            }
        }
    }
    return arguments;
}

int run_all(const Arguments& arguments) {
    auto scenarios = fleet_scenarios();
    for (const auto& more : {member_scenarios(), byte_scenarios(), feedback_scenarios(),
                             return_scenarios(), rate_scenarios(), slow_scenarios()}) {
        scenarios.insert(scenarios.end(), more.begin(), more.end());
    }
    int wrong = 0;
    int done = 0;
    for (const auto& scenario : scenarios) {
        if (arguments.list) {
            std::printf("%-20s %s\n", scenario.name.c_str(), scenario.part.c_str());
            continue;
        }
        if (!arguments.scenario.empty() && scenario.name != arguments.scenario) continue;
        if (!arguments.part.empty() && scenario.part != arguments.part) continue;
        ++done;
        if (!run(scenario, arguments.seed.value_or(scenario.seed), arguments.verbose)) ++wrong;
    }
    if (arguments.list) return 0;
    if (done == 0) {
        std::fprintf(stderr, "no such scenario; --list names them\n");
        return 2;
    }
    std::printf("%d of %d scenarios as they must be\n", done - wrong, done);
    return wrong == 0 ? 0 : 1;
}

int run_chaos(const Arguments& arguments) {
    const Scenario scenario = chaos();
    if (!arguments.seeds) return run(scenario, *arguments.seed, true) ? 0 : 1;
    int wrong = 0;
    for (std::uint64_t i = 0; i < *arguments.seeds; ++i) {
        if (!run(scenario, arguments.first + i, arguments.verbose)) ++wrong;
    }
    std::printf("%llu seeds, %d wrong\n", static_cast<unsigned long long>(*arguments.seeds), wrong);
    return wrong == 0 ? 0 : 1;
}

}  // namespace

}  // namespace muster::sim

int main(int argc, char** argv) {
    using namespace muster::sim;
    const auto arguments = parse(argc, argv);
    if (!arguments || argc < 2) {
        std::fprintf(stderr,
                     "usage: muster_sim_scenarios --seed N | --seeds COUNT [--first N] | "
                     "--scenario NAME [--seed N] | --part NAME | --list [--verbose]\n");
        return 2;
    }
    const bool named = arguments->list || !arguments->scenario.empty() || !arguments->part.empty();
    if (!named && !arguments->seed && !arguments->seeds) return 2;
    return named ? run_all(*arguments) : run_chaos(*arguments);
}
