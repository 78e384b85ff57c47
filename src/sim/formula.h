// SPDX-License-Identifier: GPL-3.0-or-later
//
// What multicasting an image with an ideal erasure code costs, to measure ours against: the sender
// adds symbols to a group until the worst of N receivers holds K of them (Nonnenmacher, Biersack,
// Towsley 1998). With F(m) the probability that one receiver has K or more of m symbols,
// E = (1/K) sum over m >= 0 of 1 - F(m)^N.
#pragma once

#include <cstdint>

#include "mcast/layout.h"

namespace muster::sim {

// Expected transmissions per source symbol of a group of `symbols`, for N independent receivers
// that lose each datagram with probability `loss`.
double expected_transmissions(double loss, std::uint32_t receivers, std::uint32_t symbols);

// The same for a whole session: expected symbols, over whole stretches.
double expected_symbols(const mcast::Layout& layout, double loss, std::uint32_t receivers);

}  // namespace muster::sim
