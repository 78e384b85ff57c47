// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/formula.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace muster::sim {

double expected_transmissions(double loss, std::uint32_t receivers, std::uint32_t symbols) {
    if (loss <= 0) return 1;
    const double k = symbols;
    double log_term = k * std::log(1 - loss);  // P[the K-th symbol received is the m-th sent]
    double reached = 0;                        // F(m)
    double sum = k;
    for (double m = k;;) {
        reached = std::min(1.0, reached + std::exp(log_term));
        const double somebody_waits = 1 - std::pow(reached, receivers);
        sum += somebody_waits;
        // Rounding may keep F a little below 1; the tail is over when a term adds nothing.
        if (m > k / (1 - loss) && (somebody_waits < 1e-9 || log_term < -60)) return sum / k;
        m += 1;
        log_term += std::log((m - 1) / (m - k)) + std::log(loss);
    }
}

double expected_symbols(const mcast::Layout& layout, double loss, std::uint32_t receivers) {
    std::map<std::uint32_t, double> by_size;
    double sum = 0;
    for (mcast::BlockIndex b(0); b.value < layout.block_count(); b = layout.end_of_stretch(b)) {
        const std::uint32_t symbols =
            layout.symbols_in_group(layout.group_of(b, layout.longest_group_log2()));
        auto [it, is_new] = by_size.try_emplace(symbols, 0);
        if (is_new) it->second = symbols * expected_transmissions(loss, receivers, symbols);
        sum += it->second;
    }
    return sum;
}

}  // namespace muster::sim
