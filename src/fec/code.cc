// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/code.h"

#include <algorithm>

#include "base/check.h"
#include "base/prng.h"

namespace muster::fec {

void coefficients(std::uint32_t row, std::span<std::uint8_t> out) { coefficients(row, 0, out); }

void coefficients(std::uint32_t row, std::uint32_t first, std::span<std::uint8_t> out) {
    CHECK(first % 8 == 0);
    std::uint64_t input = (std::uint64_t{row} << 32) | (first / 8);
    for (std::size_t at = 0; at < out.size(); at += 8, ++input) {
        auto word = mix64(input);
        const auto piece = out.subspan(at, std::min<std::size_t>(8, out.size() - at));
        for (auto& coefficient : piece) {
            coefficient = static_cast<std::uint8_t>(word);
            word >>= 8;
        }
    }
}

}  // namespace muster::fec
