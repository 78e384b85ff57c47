// SPDX-License-Identifier: GPL-3.0-or-later
//
// The repair code "RLC8": systematic, dense, random, linear over GF(256). A group is K symbols
// x_0 ... x_(K-1) of equal size; repair symbol number `row` is
//
//     y(row) = sum over j of c(row, j) * x_j
//     c(row, j) = byte (j mod 8), little end first, of mix64(row * 2^32 + j div 8)
//
// with mix64 of base/prng.h. Any K independent equations give the group back, and K random ones
// are independent but for about one case in 255. Why not Reed-Solomon: over GF(256) it ends at
// 256 symbols per group, and with a thousand receivers at 5 % loss groups of 200 cost 5.9 % more
// than the optimum, groups of 2048 only 1.7 %. Here neither K nor the number of rows has a limit.
//
// Sender and receiver of different versions must agree on every coefficient: the code never
// changes, and code_test.cc holds it by fixed vectors.
#pragma once

#include <cstdint>
#include <span>

namespace muster::fec {

// out[j] = c(row, j) for every j < out.size().
void coefficients(std::uint32_t row, std::span<std::uint8_t> out);

// out[i] = c(row, first + i): a stretch of a row. first is a multiple of 8.
void coefficients(std::uint32_t row, std::uint32_t first, std::span<std::uint8_t> out);

}  // namespace muster::fec
