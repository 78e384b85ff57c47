// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace muster::sim {

namespace {

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof(text), pattern, arguments);
    va_end(arguments);
    return text;
}

}  // namespace

bool RunReport::all_complete() const {
    return std::all_of(outcomes.begin(), outcomes.end(), [](const GuestOutcome& outcome) {
        return outcome.lies || (outcome.complete && outcome.bytes_match);
    });
}

std::string summary(const RunReport& report) {
    const auto complete = std::count_if(report.outcomes.begin(), report.outcomes.end(),
                                        [](const auto& o) { return o.complete; });
    return format(
        "seed %llu: %lld of %u complete in %.2f s, %llu source + %llu repair symbols of %llu "
        "(%.4f), naks per round %.1f mean %u most (%llu rounds), per second %u most",
        static_cast<unsigned long long>(report.seed), static_cast<long long>(complete),
        report.guests, to_seconds(report.duration),
        static_cast<unsigned long long>(report.sent.source_symbols),
        static_cast<unsigned long long>(report.sent.repair_symbols),
        static_cast<unsigned long long>(report.source_symbols), report.symbols_per_source(),
        report.mean_naks_per_round(), report.most_naks_in_round,
        static_cast<unsigned long long>(report.rounds), report.most_naks_in_second);
}

std::string details(const RunReport& report) {
    std::string text;
    for (const auto& o : report.outcomes) {
        const auto& c = o.counters;
        text += format(
            "  %-9s%s %s%s joined %.2f s, done %.2f s, lives %u, received %llu lost %llu rejected "
            "%llu dropped %llu, blocks verified %llu repaired %llu forged %llu, naks %llu\n",
            o.name.c_str(), o.lies ? " LIAR" : "", o.complete ? "complete" : "INCOMPLETE",
            o.complete && !o.bytes_match ? " WRONG BYTES" : "", to_seconds(o.joined_at),
            to_seconds(o.completed_at), o.lives,
            static_cast<unsigned long long>(c.datagrams_received),
            static_cast<unsigned long long>(c.datagrams_lost),
            static_cast<unsigned long long>(c.datagrams_rejected),
            static_cast<unsigned long long>(c.local_drops),
            static_cast<unsigned long long>(c.blocks_verified),
            static_cast<unsigned long long>(c.blocks_repaired),
            static_cast<unsigned long long>(c.blocks_forged),
            static_cast<unsigned long long>(c.naks_sent));
    }
    for (const auto& violation : report.violations) text += "  VIOLATION: " + violation + "\n";
    return text;
}

}  // namespace muster::sim
