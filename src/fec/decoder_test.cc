// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/decoder.h"

#include <gtest/gtest.h>

#include "fec/code.h"
#include "fec/elimination.h"
#include "fec/gf256.h"
#include "fec/group_fixture.h"

namespace muster::fec {
namespace {

// Loses `lost` symbols of the group, gives rows until decoding says that it is done, and compares
// every byte. Returns how many rows beyond `lost` it took.
std::size_t round_trip(TestGroup& group, std::size_t lost, const Kernel& kernel) {
    const auto missing = group.lose(lost);
    const auto first_row = static_cast<std::uint32_t>(group.prng.below(1U << 31));
    auto have = group.received(missing);
    const auto untouched = have;
    for (std::size_t given = lost;; ++given) {
        const auto data = group.encode(fast_kernel(), first_row, given);
        const auto result =
            decode(kernel, pointers_to(have), missing, as_rows(data, first_row), group.bytes);
        if (result.missing_rank == 0) {
            EXPECT_TRUE(have == group.symbols)
                << group.symbols.size() << " symbols, " << lost << " lost, first row " << first_row;
            return given - lost;
        }
        EXPECT_TRUE(have == untouched) << "touched without full rank";
        if (given > lost + 20) {
            ADD_FAILURE() << "no rank after 20 rows too many";
            return 0;
        }
    }
}

TEST(Decoder, RestoresAnyLossOfSmallGroupsWithEitherKernel) {
    Prng prng(31);
    for (int round = 0; round < 400; ++round) {
        TestGroup group(1 + prng.below(80), 1 + prng.below(70), prng.next());
        const auto lost = prng.below(group.symbols.size() + 1);
        round_trip(group, lost, round % 2 == 0 ? fast_kernel() : scalar_kernel());
    }
}

TEST(Decoder, RestoresAnyLossOfLargeGroups) {
    Prng prng(32);
    for (int round = 0; round < 12; ++round) {
        TestGroup group(500 + prng.below(3597), 1 + prng.below(200), prng.next());
        round_trip(group, prng.below(group.symbols.size() / 4), fast_kernel());
    }
}

TEST(Decoder, RestoresAGroupOfWhichEverythingIsMissing) {
    for (std::size_t symbol_count : {1, 2, 6, 7, 31, 32, 33, 64, 129, 1000}) {
        TestGroup group(symbol_count, 70, symbol_count);
        round_trip(group, symbol_count, fast_kernel());
    }
    TestGroup largest(4096, 16, 33);
    round_trip(largest, 4096, fast_kernel());
}

TEST(Decoder, RestoresSymbolsOfEverySize) {
    for (std::size_t bytes = 1; bytes <= 200; ++bytes) {
        TestGroup group(40, bytes, bytes);
        round_trip(group, 13, fast_kernel());
    }
    for (std::size_t bytes : {1152, 1408, 8896}) {
        TestGroup group(200, bytes, bytes);
        round_trip(group, 45, fast_kernel());
    }
}

TEST(Decoder, WithTooFewRowsItSaysHowManyAndTouchesNothing) {
    Prng prng(34);
    for (int round = 0; round < 60; ++round) {
        TestGroup group(10 + prng.below(200), 20, prng.next());
        const auto missing = group.lose(5 + prng.below(group.symbols.size() - 5));
        const auto given = prng.below(missing.size());
        const auto data = group.encode(fast_kernel(), 0, given);
        auto have = group.received(missing);
        const auto before = have;
        const auto result =
            decode(fast_kernel(), pointers_to(have), missing, as_rows(data, 0), group.bytes);
        // Fewer rows than unknowns are all but certainly independent (256^-1 at one row less).
        EXPECT_GE(result.missing_rank, missing.size() - given);
        EXPECT_LE(result.missing_rank, missing.size() - given + 1);
        EXPECT_TRUE(have == before);
    }
}

TEST(Decoder, RepeatedRowsCountOnceAndEnoughOthersStillDecode) {
    TestGroup group(150, 33, 35);
    const auto missing = group.lose(40);
    const auto data = group.encode(fast_kernel(), 500, 60);
    const auto all = as_rows(data, 500);
    auto have = group.received(missing);
    const auto before = have;

    std::vector<RepairRow> repeated(100, all[0]);
    repeated.insert(repeated.end(), 100, all[1]);
    EXPECT_EQ(decode(fast_kernel(), pointers_to(have), missing, repeated, group.bytes).missing_rank,
              38U);
    EXPECT_TRUE(have == before);

    // The useful rows stand behind more useless ones than the decoder looks at first.
    repeated.insert(repeated.end(), all.begin(), all.end());
    EXPECT_EQ(decode(fast_kernel(), pointers_to(have), missing, repeated, group.bytes).missing_rank,
              0U);
    EXPECT_TRUE(have == group.symbols);
}

TEST(Decoder, WithNothingMissingOrNoRowsItDoesNothing) {
    TestGroup group(10, 8, 36);
    auto have = group.symbols;
    EXPECT_EQ(decode(fast_kernel(), pointers_to(have), {}, {}, 8).missing_rank, 0U);
    const std::vector<std::uint32_t> missing = {2, 9};
    EXPECT_EQ(decode(fast_kernel(), pointers_to(have), missing, {}, 8).missing_rank, 2U);
    EXPECT_TRUE(have == group.symbols);
}

TEST(Decoder, SquareSystemsAreSingularAboutOnceIn255) {
    constexpr int kTrials = 20000;
    Prng prng(37);
    int singular = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        const std::size_t size = 3 + prng.below(10);
        Elimination matrix(size, size);
        const auto first_row = static_cast<std::uint32_t>(prng.next());
        for (std::size_t i = 0; i < size; ++i) {
            coefficients(first_row + static_cast<std::uint32_t>(i), matrix.row(i));
        }
        if (matrix.factor(fast_kernel()) < size) ++singular;
    }
    // 78.7 expected, standard deviation 8.9: five of them either way.
    EXPECT_GE(singular, 34);
    EXPECT_LE(singular, 123);
}

TEST(Elimination, FactorsMultiplyToTheMatrixForEverySize) {
    Prng prng(38);
    for (std::size_t size = 1; size <= 101; size += 1 + prng.below(3)) {
        Elimination matrix(size + 3, size);
        std::vector<std::vector<std::uint8_t>> original;
        for (std::size_t i = 0; i < size + 3; ++i) {
            for (auto& cell : matrix.row(i)) cell = static_cast<std::uint8_t>(prng.next());
            original.emplace_back(matrix.row(i).begin(), matrix.row(i).end());
        }
        ASSERT_EQ(matrix.factor(fast_kernel()), size);
        for (std::size_t i = 0; i < size; ++i) {
            for (std::size_t j = 0; j < size; ++j) {
                std::uint8_t sum = 0;
                for (std::size_t k = 0; k <= std::min(i, j); ++k) {
                    const auto lower =
                        k == i ? gf256::inverse(matrix.pivot_inverse(i)) : matrix.factors(i)[k];
                    const auto upper = k == j ? std::uint8_t{1} : matrix.factors(k)[j];
                    sum ^= gf256::multiply(lower, upper);
                }
                ASSERT_EQ(sum, original[matrix.source_row(i)][j]) << size << ' ' << i << ' ' << j;
            }
        }
    }
}

TEST(Elimination, FindsTheRankOfDependentRows) {
    Prng prng(39);
    for (int round = 0; round < 100; ++round) {
        const std::size_t columns = 1 + prng.below(150);
        const std::size_t rank = prng.below(columns + 1);
        std::vector<std::vector<std::uint8_t>> basis(rank, std::vector<std::uint8_t>(columns));
        for (std::size_t i = 0; i < rank; ++i) {
            // Independent by construction: the first non-zero cells stand in different columns.
            basis[i][columns - 1 - i] = 1;
            for (auto j = columns - i; j < columns; ++j) {
                basis[i][j] = static_cast<std::uint8_t>(prng.next());
            }
        }
        Elimination matrix(rank + 20, columns);
        for (std::size_t i = 0; i < rank + 20; ++i) {
            const auto cells = matrix.row(i);
            for (std::size_t k = 0; k < rank; ++k) {
                // The first `rank` combinations are triangular, so they span the whole space.
                const auto factor =
                    static_cast<std::uint8_t>(i == k ? 1 : (i < rank && k > i ? 0 : prng.next()));
                for (std::size_t j = 0; j < columns; ++j) {
                    cells[j] ^= gf256::multiply(factor, basis[k][j]);
                }
            }
        }
        EXPECT_EQ(matrix.factor(fast_kernel()), rank) << "round " << round;
    }
}

}  // namespace
}  // namespace muster::fec
