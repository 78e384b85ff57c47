// SPDX-License-Identifier: GPL-3.0-or-later
//
// Gaussian elimination over GF(256): finds which of n equations in m unknowns are independent and
// leaves them as factors L * U, by which the decoder then solves for whole symbols. Factors and not
// an inverse: they cost m^3 / 3 products instead of m^3, and solving with them costs the same.
//
// A row operation on a few hundred bytes is too short to be worth a kernel call, so columns go in
// panels of 32. Within a panel the 256 multiples of the pivot row are made first (one addition
// each), and clearing a column is one addition of 32 bytes per row. What lies right of the panel
// is then changed once, by all 32 pivots, in one matrix product through the Kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fec/kernel.h"

namespace muster::fec {

// Owns the matrix: rows * columns bytes. Fill it by row(), call factor() once, then read.
class Elimination {
public:
    Elimination(std::size_t row_count, std::size_t column_count);

    std::span<std::uint8_t> row(std::size_t index);

    // Returns the rank. When it equals the number of columns m, the first m rows are
    // A[source_row(i)] = sum over j <= i of L(i, j) * U(j), U with ones on its diagonal:
    // factors(i)[j] is L(i, j) for j < i and U(i, j) for j > i, and pivot_inverse(i) is
    // 1 / L(i, i). With a smaller rank nothing but the rank has a meaning.
    std::size_t factor(const Kernel& kernel);

    std::span<const std::uint8_t> factors(std::size_t index) const;
    std::uint8_t pivot_inverse(std::size_t index) const { return pivots_[index].inverse; }
    // Which of the rows given stands at this place after exchanging rows.
    std::size_t source_row(std::size_t index) const { return order_[index]; }

private:
    struct Pivot {
        std::size_t column;
        std::uint8_t inverse;
    };
    void factor_panel(std::size_t first_column, std::size_t end_column);
    bool choose_pivot(std::size_t column);
    void clear_column(std::size_t column, std::size_t first_column);
    void finish_pivot_rows(const Kernel& kernel, std::size_t first_pivot, std::size_t column);
    void update_rest(const Kernel& kernel, std::size_t first_pivot, std::size_t column);
    std::uint8_t* row_data(std::size_t index) { return cells_.data() + order_[index] * stride_; }
    const std::uint8_t* row_data(std::size_t index) const {
        return cells_.data() + order_[index] * stride_;
    }

    std::size_t column_count_;
    std::size_t stride_;
    std::vector<std::uint8_t> cells_;
    std::vector<std::size_t> order_;
    std::vector<Pivot> pivots_;
};

}  // namespace muster::fec
