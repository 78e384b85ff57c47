// SPDX-License-Identifier: GPL-3.0-or-later
//
// Makes repair symbols (code.h) of a group. The cost grows with rows times symbols, so a sender
// makes the rows of one answer in one call: the group is read from memory once for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fec/kernel.h"

namespace muster::fec {

// Fills rows_out[i] with repair symbol first_row + i of the group. Every symbol and every output
// has symbol_bytes (>= 1) bytes; outputs overlap nothing. Row numbers may not run past 2^32 - 1.
// A group of no symbols gives zeros.
void encode_rows(const Kernel& kernel, std::span<const std::byte* const> symbols,
                 std::size_t symbol_bytes, std::uint32_t first_row,
                 std::span<std::byte* const> rows_out);

}  // namespace muster::fec
