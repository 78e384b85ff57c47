// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/encoder.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "fec/group_fixture.h"

namespace muster::fec {
namespace {

TEST(Encoder, RepairSymbolsAreTheFrozenOnes) {
    // x_j[b] = 17 j + 31 b + 7, 20 symbols of 24 bytes; expected as in code_test.cc.
    TestGroup group(20, 24, 0);
    for (std::size_t j = 0; j < 20; ++j) {
        for (std::size_t b = 0; b < 24; ++b) {
            group.symbols[j][b] = static_cast<std::byte>(17 * j + 31 * b + 7);
        }
    }
    for (const auto* kernel : {&fast_kernel(), &scalar_kernel()}) {
        EXPECT_EQ(to_hex(group.encode(*kernel, 0, 1)[0]),
                  "928f55af9417a2ebe155e9f5427fea5fdc0be6a6912a3158");
        EXPECT_EQ(to_hex(group.encode(*kernel, 1, 1)[0]),
                  "7a693e5c34fb64e5b648d3e55ece7e765ad49cd440daf381");
        EXPECT_EQ(to_hex(group.encode(*kernel, 0, 6)[5]),
                  "a3cd34f34cbdecf3c6ca9f4740261871c53d3975ed7ab3b0");
        EXPECT_EQ(to_hex(group.encode(*kernel, 0xffffffff, 1)[0]),
                  "d0974f7f8f673f4814fd9592c5e8f2e81716d179aca12c0e");
    }
}

TEST(Encoder, IsalAndScalarRowsAreEqualForAnyGroup) {
    Prng prng(21);
    for (int round = 0; round < 60; ++round) {
        TestGroup group(1 + prng.below(400), 1 + prng.below(100), prng.next());
        const auto first_row = static_cast<std::uint32_t>(prng.next()) >> 1;
        const auto count = prng.below(15);
        EXPECT_EQ(group.encode(fast_kernel(), first_row, count),
                  group.encode(scalar_kernel(), first_row, count))
            << "round " << round;
    }
}

TEST(Encoder, ARowDoesNotDependOnTheRowsMadeWithIt) {
    TestGroup group(300, 50, 22);
    const auto together = group.encode(fast_kernel(), 1000, 20);
    for (std::uint32_t i = 0; i < together.size(); ++i) {
        EXPECT_EQ(group.encode(fast_kernel(), 1000 + i, 1)[0], together[i]);
    }
}

}  // namespace
}  // namespace muster::fec
