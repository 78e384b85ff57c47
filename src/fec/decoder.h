// SPDX-License-Identifier: GPL-3.0-or-later
//
// Recovers the missing symbols of a group from repair symbols (code.h). The matrix of the missing
// columns is factored first (elimination.h): that alone tells whether the rows suffice, before a
// single symbol is touched. Then the part of the present symbols is taken out of the chosen rows,
// and what is left is solved in the missing buffers themselves, forward through L and backward
// through U. All work on symbols is matrix products through the Kernel; with m missing of K it is
// m * K symbol products, so the time grows with the loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fec/kernel.h"

namespace muster::fec {

struct RepairRow {
    std::uint32_t row;
    const std::byte* data;  // symbol_bytes of it, overlapping no symbol buffer
};

struct DecodeResult {
    // How many more independent rows are needed; 0: the group is complete.
    std::size_t missing_rank;
};

// symbols: the K buffers of the group, symbol_bytes (>= 1) each, none overlapping another; those
// of `missing` have any content. missing: indices below K, ascending. rows: any number in any
// order, also repeated; dependent ones are passed over.
// With full rank every missing buffer is filled and missing_rank is 0. Otherwise no symbol buffer
// is changed.
[[nodiscard]] DecodeResult decode(const Kernel& kernel, std::span<std::byte* const> symbols,
                                  std::span<const std::uint32_t> missing,
                                  std::span<const RepairRow> rows, std::size_t symbol_bytes);

}  // namespace muster::fec
