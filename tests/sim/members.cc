// SPDX-License-Identifier: GPL-3.0-or-later
//
// Members that come late, crash and return, or lie.
#include "scenario.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;

// ---- late joiners ----

// One joiner costs what it missed, sent again to it alone; 2 % of the whole for the rest, and the
// group in which it joined, of which it has a part, once more.
Findings judge_late(const SimulationOptions& options, const RunReport& report) {
    Findings findings;
    expect_complete(report, findings);
    const auto receivers = static_cast<std::uint32_t>(options.guests.size());
    const double loss = options.guests.front().down.loss;
    const double whole = formula_symbols(options, loss, receivers);
    double missed = 0;
    for (std::size_t i = 0; i < options.guests.size(); ++i) {
        if (options.guests[i].joins_at_share == 0) continue;
        missed = std::max(missed, static_cast<double>(report.outcomes[i].symbols_sent_at_join));
    }
    expect_at_most("symbols sent against the formula and what was missed",
                   (static_cast<double>(report.sent.symbols()) - kLongestGroup) / (whole + missed),
                   1.02, findings);
    expect_at_most("NAKs in a round of a group", report.most_naks_in_round, 50, findings);
    return findings;
}

Scenario late(const std::string& name, std::uint32_t receivers, std::uint32_t joiners, int percent,
              double loss) {
    return {name, "members", 1,
            [=](std::uint64_t seed) {
                const std::uint32_t groups = receivers > 16 ? 32 : 16;
                auto options = plain_session(seed, receivers, groups, loss);
                options.sender.start.min_members = receivers - joiners;
                for (std::uint32_t i = 0; i < joiners; ++i) {
                    options.guests[i].joins_at_share = percent / 100.0;
                }
                return options;
            },
            judge_late};
}

// ---- crashes ----

// What a crashed computer missed and lost is sent again, to all of them together as far as they
// are there in time.
Findings judge_crashes(const SimulationOptions& options, const RunReport& report) {
    Findings findings;
    expect_complete(report, findings);
    for (std::size_t i = 0; i < options.guests.size(); ++i) {
        if (!options.guests[i].outages.empty() && report.outcomes[i].lives < 2) {
            findings.push_back(report.outcomes[i].name + " was to crash and did not");
        }
    }
    // Gone for 300 ms of about 400, one after the other: together they miss almost all of it, and
    // who returns last finds a part already sent for the others.
    const auto receivers = static_cast<std::uint32_t>(options.guests.size());
    const double whole = formula_symbols(options, options.guests.front().down.loss, receivers);
    expect_at_most("symbols sent against the formula",
                   static_cast<double>(report.sent.symbols()) / whole, 2.35, findings);
    return findings;
}

Scenario crashes(const std::string& name, std::uint32_t receivers, std::uint32_t crashing) {
    return {name, "members", 1,
            [=](std::uint64_t seed) {
                auto options = plain_session(seed, receivers, 16, 0.02);
                for (std::uint32_t i = 0; i < crashing; ++i) {
                    options.guests[i].outages.push_back(
                        {milliseconds(100 + 150 * i / crashing), milliseconds(300), true, 5});
                }
                return options;
            },
            judge_crashes};
}

// ---- a liar ----

// It costs the room at most what the worst link worth repairing would, half the image again and
// an allowance of two groups. When the others are done it is served alone, and given up.
Findings judge_liar(const SimulationOptions& options, const RunReport& report) {
    Findings findings;
    expect_complete(report, findings);
    const auto receivers = static_cast<std::uint32_t>(options.guests.size());
    const double whole = formula_symbols(options, options.guests.back().down.loss, receivers);
    std::uint64_t honest_done = 0;
    for (const auto& outcome : report.outcomes) {
        honest_done = std::max(honest_done, outcome.symbols_sent_at_completion);
    }
    const double allowed = 1.5 * whole + 3 * kGroupSymbols;
    expect_at_most("symbols sent until the honest were done", static_cast<double>(honest_done),
                   allowed, findings);
    expect_at_most("symbols sent until the liar was given up",
                   static_cast<double>(report.sent.symbols()), 5 * whole, findings);
    return findings;
}

Scenario liar(const std::string& name, std::uint32_t receivers) {
    return {name, "members", 1,
            [=](std::uint64_t seed) {
                auto options = plain_session(seed, receivers, 16, 0.01);
                options.guests.front().lies = true;
                options.sender.closed = true;
                options.until_session_ends = true;
                return options;
            },
            judge_liar};
}

}  // namespace

std::vector<Scenario> member_scenarios() {
    return {
        late("late-5%", 8, 1, 5, 0.01),
        late("late-40%", 8, 1, 40, 0.01),
        late("late-95%", 8, 1, 95, 0.01),
        late("late-40%-lossless", 8, 1, 40, 0),
        late("late-40%-lossy", 100, 1, 40, 0.1),
        late("late-crowd", 1000, 300, 40, 0.02),
        crashes("crashes", 12, 4),
        crashes("crashes-100", 100, 20),
        liar("liar", 8),
        liar("liar-among-200", 200),
    };
}

}  // namespace muster::sim
