// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "base/check.h"
#include "fec/code.h"
#include "fec/elimination.h"

namespace muster::fec {
namespace {

// Rows looked at beyond those needed: all of them dependent has a chance of 256^-9.
constexpr std::size_t kSpareRows = 8;

struct Group {
    const Kernel& kernel;
    std::span<std::byte* const> symbols;
    std::span<const std::uint32_t> missing;
    std::span<const RepairRow> rows;
    std::size_t symbol_bytes;

    std::byte* unknown(std::size_t index) const { return symbols[missing[index]]; }
};

// The coefficients of the missing symbols in the first row_count rows.
Elimination unknowns_of(const Group& group, std::size_t row_count) {
    Elimination matrix(row_count, group.missing.size());
    std::vector<std::uint8_t> whole(group.symbols.size());
    for (std::size_t i = 0; i < row_count; ++i) {
        coefficients(group.rows[i].row, whole);
        const auto cells = matrix.row(i);
        for (std::size_t j = 0; j < cells.size(); ++j) cells[j] = whole[group.missing[j]];
    }
    return matrix;
}

// One stretch of kStripSources symbols with the missing ones left out.
struct PresentStretch {
    std::array<const std::byte*, kStripSources> data;
    std::array<std::uint8_t, kStripSources> offset;
    std::size_t count = 0;

    PresentStretch(const Group& group, std::size_t begin, std::size_t end) {
        auto next_missing = std::ranges::lower_bound(group.missing, begin);
        for (auto j = begin; j < end; ++j) {
            if (next_missing != group.missing.end() && *next_missing == j) {
                ++next_missing;
                continue;
            }
            data[count] = group.symbols[j];
            offset[count] = static_cast<std::uint8_t>(j - begin);
            ++count;
        }
    }
};
static_assert(kStripSources <= 256);

// Puts into every missing buffer its chosen row less what the present symbols gave to it.
void take_out_present(const Group& group, const Elimination& matrix) {
    const auto unknown_count = group.missing.size();
    for (std::size_t i = 0; i < unknown_count; ++i) {
        const auto& row = group.rows[matrix.source_row(i)];
        std::memcpy(group.unknown(i), row.data, group.symbol_bytes);
    }
    std::array<std::uint8_t, kStripSources> whole;
    std::array<std::uint8_t, kStripRows * kStripSources> strip;
    std::array<std::byte*, kStripRows> outs;
    for (std::size_t begin = 0; begin < group.symbols.size(); begin += kStripSources) {
        const auto end = std::min(begin + kStripSources, group.symbols.size());
        const PresentStretch present(group, begin, end);
        for (std::size_t first = 0; first < unknown_count; first += kStripRows) {
            const auto count = std::min(kStripRows, unknown_count - first);
            auto* cell = strip.data();
            for (std::size_t i = 0; i < count; ++i) {
                outs[i] = group.unknown(first + i);
                coefficients(group.rows[matrix.source_row(first + i)].row,
                             static_cast<std::uint32_t>(begin),
                             std::span(whole).first(end - begin));
                for (std::size_t j = 0; j < present.count; ++j) *cell++ = whole[present.offset[j]];
            }
            group.kernel.multiply_accumulate({strip.data(), count * present.count},
                                             {present.data.data(), present.count},
                                             group.symbol_bytes, {outs.data(), count});
        }
    }
}

// Adds to the unknowns [first, first + count) the factors' cells of columns [begin, end) times
// the unknowns of those columns.
void add_products(const Group& group, const Elimination& matrix, std::size_t first,
                  std::size_t count, std::size_t begin, std::size_t end) {
    std::array<std::uint8_t, kStripRows * kStripSources> strip;
    std::array<const std::byte*, kStripSources> sources;
    std::array<std::byte*, kStripRows> outs;
    for (std::size_t i = 0; i < count; ++i) outs[i] = group.unknown(first + i);
    for (; begin < end; begin += kStripSources) {
        const auto width = std::min(kStripSources, end - begin);
        for (std::size_t j = 0; j < width; ++j) sources[j] = group.unknown(begin + j);
        for (std::size_t i = 0; i < count; ++i) {
            std::ranges::copy(matrix.factors(first + i).subspan(begin, width),
                              strip.data() + i * width);
        }
        group.kernel.multiply_accumulate({strip.data(), count * width}, {sources.data(), width},
                                         group.symbol_bytes, {outs.data(), count});
    }
}

// L * y = s, in place.
void solve_forward(const Group& group, const Elimination& matrix) {
    std::vector<std::byte> copy(group.symbol_bytes);
    for (std::size_t first = 0; first < group.missing.size(); first += kStripRows) {
        const auto end = std::min(first + kStripRows, group.missing.size());
        add_products(group, matrix, first, end - first, 0, first);
        for (auto i = first; i < end; ++i) {
            add_products(group, matrix, i, 1, first, i);
            // y := y / L(i, i), as y + (1 / L(i, i) - 1) * y.
            auto* const unknown = group.unknown(i);
            const std::byte* const source = copy.data();
            const std::uint8_t factor = matrix.pivot_inverse(i) ^ 1;
            std::memcpy(copy.data(), unknown, copy.size());
            group.kernel.multiply_accumulate({&factor, 1}, {&source, 1}, copy.size(),
                                             {&unknown, 1});
        }
    }
}

// U * x = y, in place.
void solve_backward(const Group& group, const Elimination& matrix) {
    const auto unknown_count = group.missing.size();
    for (auto end = unknown_count; end > 0;) {
        const auto first = end - std::min(kStripRows, end);
        add_products(group, matrix, first, end - first, end, unknown_count);
        for (auto i = end; i-- > first;) add_products(group, matrix, i, 1, i + 1, end);
        end = first;
    }
}

}  // namespace

DecodeResult decode(const Kernel& kernel, std::span<std::byte* const> symbols,
                    std::span<const std::uint32_t> missing, std::span<const RepairRow> rows,
                    std::size_t symbol_bytes) {
    CHECK(symbols.size() <= std::numeric_limits<std::uint32_t>::max());
    CHECK(std::ranges::adjacent_find(missing, std::greater_equal<>{}) == missing.end());
    CHECK(missing.empty() || missing.back() < symbols.size());
    if (missing.empty()) return {0};

    const Group group{kernel, symbols, missing, rows, symbol_bytes};
    auto row_count = std::min(rows.size(), missing.size() + kSpareRows);
    auto matrix = unknowns_of(group, row_count);
    auto rank = matrix.factor(kernel);
    if (rank < missing.size() && row_count < rows.size()) {
        row_count = rows.size();
        matrix = unknowns_of(group, row_count);
        rank = matrix.factor(kernel);
    }
    if (rank < missing.size()) return {missing.size() - rank};

    take_out_present(group, matrix);
    solve_forward(group, matrix);
    solve_backward(group, matrix);
    return {0};
}

}  // namespace muster::fec
