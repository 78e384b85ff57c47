// SPDX-License-Identifier: GPL-3.0-or-later
//
// The vectors were computed by a program that shares nothing with this one (shift-and-add
// products, big integers). They are the wire format: never change them to make a test pass.
#include "fec/code.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.h"
#include "fec/gf256.h"

namespace muster::fec {
namespace {

std::string row_hex(std::uint32_t row, std::uint32_t first, std::size_t count) {
    std::vector<std::uint8_t> out(count);
    coefficients(row, first, out);
    return to_hex(std::as_bytes(std::span(out)));
}

TEST(Code, CoefficientsAreTheFrozenOnes) {
    EXPECT_EQ(row_hex(0, 0, 20), "afcd1d7b39a820e2c15c0289ec2d0a91ce56971c");
    EXPECT_EQ(row_hex(1, 0, 20), "380182a31a5a2cc46f9559fda691432022705094");
    EXPECT_EQ(row_hex(2, 0, 20), "32b5cc7bd25ab2e7499c94e5088385c47fa9c228");
    EXPECT_EQ(row_hex(0x12345678, 0, 20), "893ff1829355db4ee63ef70ebb8898427bb50041");
    EXPECT_EQ(row_hex(0xffffffff, 0, 20), "15b0c56b3dc19f21c32876923565b55a830b325a");
    EXPECT_EQ(row_hex(0, 4088, 8), "de660b2bc41709ba");
    EXPECT_EQ(row_hex(1, 4088, 8), "133d5eabfa8fe378");
    EXPECT_EQ(row_hex(2, 4088, 8), "ea42acce35a91031");
    EXPECT_EQ(row_hex(0x12345678, 4088, 8), "479ca49fab956661");
    EXPECT_EQ(row_hex(0xffffffff, 4088, 8), "4c23ad54ebae1d03");
}

TEST(Code, AnyStretchAndAnyLengthAreCutFromTheSameRow) {
    std::vector<std::uint8_t> whole(301);
    coefficients(77, whole);
    for (std::uint32_t first = 0; first < 64; first += 8) {
        for (std::size_t count = 0; count < 40; ++count) {
            std::vector<std::uint8_t> part(count);
            coefficients(77, first, part);
            EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + first));
        }
    }
}

TEST(Gf256, ProductsAreThoseOfThePolynomialAndInversesInvert) {
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            unsigned product = 0;
            for (unsigned shifted = a, rest = b; rest != 0; rest >>= 1) {
                if (rest & 1) product ^= shifted;
                shifted = (shifted << 1) ^ ((shifted & 0x80) ? 0x11d : 0);
            }
            ASSERT_EQ(gf256::multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)),
                      product)
                << a << " * " << b;
        }
        const auto x = static_cast<std::uint8_t>(a);
        if (a != 0) {
            EXPECT_EQ(gf256::multiply(x, gf256::inverse(x)), 1);
        }
    }
}

}  // namespace
}  // namespace muster::fec
