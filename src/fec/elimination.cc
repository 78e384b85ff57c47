// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/elimination.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "fec/gf256.h"

namespace muster::fec {
namespace {

constexpr std::size_t kPanel = 32;

// 32 bytes as words: the compiler makes vectors of it.
using PanelRow = std::array<std::uint64_t, kPanel / 8>;

PanelRow load(const std::uint8_t* from) {
    PanelRow row;
    std::memcpy(row.data(), from, sizeof row);
    return row;
}

void add(PanelRow& to, const PanelRow& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= from[i];
}

void scale(std::span<std::uint8_t> cells, std::uint8_t factor) {
    for (auto& cell : cells) cell = gf256::multiply(cell, factor);
}

std::byte* as_byte(std::uint8_t* cells) { return reinterpret_cast<std::byte*>(cells); }

}  // namespace

Elimination::Elimination(std::size_t row_count, std::size_t column_count)
    : column_count_(column_count),
      stride_((column_count + kPanel - 1) / kPanel * kPanel),
      cells_(row_count * stride_),
      order_(row_count) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
}

std::span<std::uint8_t> Elimination::row(std::size_t index) {
    return {row_data(index), column_count_};
}

std::span<const std::uint8_t> Elimination::factors(std::size_t index) const {
    return {row_data(index), column_count_};
}

std::size_t Elimination::factor(const Kernel& kernel) {
    CHECK(pivots_.empty());
    pivots_.reserve(std::min(order_.size(), column_count_));
    for (std::size_t first = 0; first < column_count_; first += kPanel) {
        const auto end = std::min(first + kPanel, column_count_);
        const auto first_pivot = pivots_.size();
        factor_panel(first, end);
        if (end == column_count_ || pivots_.size() == first_pivot) continue;
        finish_pivot_rows(kernel, first_pivot, end);
        update_rest(kernel, first_pivot, end);
    }
    return pivots_.size();
}

void Elimination::factor_panel(std::size_t first_column, std::size_t end_column) {
    for (auto column = first_column; column < end_column; ++column) {
        // A column in which no row is left has no pivot: one equation too few.
        if (!choose_pivot(column)) continue;
        const auto& pivot = pivots_.back();
        auto* cells = row_data(pivots_.size() - 1);
        scale({cells + column + 1, cells + end_column}, pivot.inverse);
        clear_column(column, first_column);
    }
}

// Exchanges rows so that the next pivot row has something in this column.
bool Elimination::choose_pivot(std::size_t column) {
    for (auto index = pivots_.size(); index < order_.size(); ++index) {
        const auto cell = row_data(index)[column];
        if (cell == 0) continue;
        std::swap(order_[pivots_.size()], order_[index]);
        pivots_.push_back({column, gf256::inverse(cell)});
        return true;
    }
    return false;
}

// Within the panel, right of the column; the column itself stays and becomes part of L.
void Elimination::clear_column(std::size_t column, std::size_t first_column) {
    std::array<std::uint8_t, kPanel> cells{};
    const auto* pivot_row = row_data(pivots_.size() - 1);
    for (auto at = column + 1; at < first_column + kPanel; ++at) {
        cells[at - first_column] = pivot_row[at];
    }
    std::array<PanelRow, 256> multiples;
    multiples[0] = {};
    for (unsigned bit = 1; bit < 256; bit <<= 1) {
        multiples[bit] = load(cells.data());
        for (unsigned low = 1; low < bit; ++low) {
            multiples[bit + low] = multiples[bit];
            add(multiples[bit + low], multiples[low]);
        }
        scale(cells, 2);
    }
    for (auto index = pivots_.size(); index < order_.size(); ++index) {
        auto* target = row_data(index);
        auto panel = load(target + first_column);
        add(panel, multiples[target[column]]);
        std::memcpy(target + first_column, panel.data(), sizeof panel);
    }
}

// Brings the pivot rows of a panel up to date in the columns right of it.
void Elimination::finish_pivot_rows(const Kernel& kernel, std::size_t first_pivot,
                                    std::size_t column) {
    std::array<const std::byte*, kPanel> sources;
    std::array<std::uint8_t, kPanel> coefficients;
    for (auto index = first_pivot; index < pivots_.size(); ++index) {
        const auto before = index - first_pivot;
        auto* cells = row_data(index);
        for (std::size_t j = 0; j < before; ++j) {
            coefficients[j] = cells[pivots_[first_pivot + j].column];
        }
        auto* const target = as_byte(cells + column);
        kernel.multiply_accumulate({coefficients.data(), before}, {sources.data(), before},
                                   column_count_ - column, {&target, 1});
        scale({cells + column, cells + column_count_}, pivots_[index].inverse);
        sources[before] = target;
    }
}

// Takes the pivots of a panel out of all rows below, in the columns right of it.
void Elimination::update_rest(const Kernel& kernel, std::size_t first_pivot, std::size_t column) {
    const auto width = pivots_.size() - first_pivot;
    std::array<const std::byte*, kPanel> sources;
    for (std::size_t j = 0; j < width; ++j) {
        sources[j] = as_byte(row_data(first_pivot + j) + column);
    }
    std::array<std::uint8_t, kPanel * kStripRows> coefficients;
    std::array<std::byte*, kStripRows> targets;
    for (auto first = pivots_.size(); first < order_.size(); first += kStripRows) {
        const auto count = std::min(kStripRows, order_.size() - first);
        for (std::size_t i = 0; i < count; ++i) {
            auto* cells = row_data(first + i);
            targets[i] = as_byte(cells + column);
            for (std::size_t j = 0; j < width; ++j) {
                coefficients[i * width + j] = cells[pivots_[first_pivot + j].column];
            }
        }
        kernel.multiply_accumulate({coefficients.data(), count * width}, {sources.data(), width},
                                   column_count_ - column, {targets.data(), count});
    }
}

}  // namespace muster::fec
