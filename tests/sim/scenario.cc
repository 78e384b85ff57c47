// SPDX-License-Identifier: GPL-3.0-or-later
#include "scenario.h"

#include "sim/content.h"
#include "sim/formula.h"

namespace muster::sim {

using std::chrono::microseconds;

SimulationOptions plain_session(std::uint64_t seed, std::uint32_t receivers, std::uint32_t groups,
                                double loss) {
    SimulationOptions options;
    options.seed = seed;
    options.payload = receivers > 16 ? PayloadMode::identity : PayloadMode::bytes;
    options.image_bytes = groups * kGroupBytes;
    if (options.payload == PayloadMode::identity) options.coalesce = microseconds(200);
    options.sender.rate_bits_per_second = 1'000'000'000;
    options.sender.start = {receivers, std::chrono::seconds(30), false};
    for (std::uint32_t i = 0; i < receivers; ++i) {
        GuestOptions guest;
        guest.down.loss = guest.up.loss = loss;
        guest.down.delay = guest.up.delay = microseconds(100 + 50 * (i % 4));
        options.guests.push_back(guest);
    }
    return options;
}

void expect_complete(const RunReport& report, Findings& findings) {
    for (const auto& violation : report.violations) findings.push_back(violation);
    for (const auto& outcome : report.outcomes) {
        if (outcome.lies) continue;
        if (!outcome.complete) findings.push_back(outcome.name + " did not complete");
        if (outcome.complete && !outcome.bytes_match) {
            findings.push_back(outcome.name + " has wrong bytes");
        }
    }
}

void expect_at_most(const std::string& what, double value, double limit, Findings& findings) {
    if (value <= limit) return;
    findings.push_back(what + ": " + std::to_string(value) + ", at most " + std::to_string(limit));
}

double formula_symbols(const SimulationOptions& options, double loss, std::uint32_t receivers) {
    SimulationOptions sizes = options;
    sizes.payload = PayloadMode::identity;
    return expected_symbols(Content(sizes).layout(), loss, receivers);
}

}  // namespace muster::sim
