// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/encoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "fec/code.h"

namespace muster::fec {

void encode_rows(const Kernel& kernel, std::span<const std::byte* const> symbols,
                 std::size_t symbol_bytes, std::uint32_t first_row,
                 std::span<std::byte* const> rows_out) {
    CHECK(symbols.size() <= std::numeric_limits<std::uint32_t>::max());
    CHECK(rows_out.empty() ||
          rows_out.size() - 1 <= std::numeric_limits<std::uint32_t>::max() - first_row);
    for (auto* row : rows_out) std::memset(row, 0, symbol_bytes);

    std::array<std::uint8_t, kStripRows * kStripSources> strip;
    for (std::size_t j = 0; j < symbols.size(); j += kStripSources) {
        const auto some = symbols.subspan(j, std::min(kStripSources, symbols.size() - j));
        for (std::size_t r = 0; r < rows_out.size(); r += kStripRows) {
            const auto rows = rows_out.subspan(r, std::min(kStripRows, rows_out.size() - r));
            const auto used = std::span(strip).first(rows.size() * some.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                coefficients(first_row + static_cast<std::uint32_t>(r + i),
                             static_cast<std::uint32_t>(j),
                             used.subspan(i * some.size(), some.size()));
            }
            kernel.multiply_accumulate(used, some, symbol_bytes, rows);
        }
    }
}

}  // namespace muster::fec
