// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/hkdf.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace muster::crypto {
namespace {

// first, first + 1, ... last
Bytes counting(int first, int last) {
    Bytes bytes;
    for (int value = first; value <= last; ++value) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

TEST(Hkdf, Rfc5869Case1) {
    const auto info = counting(0xf0, 0xf9);
    EXPECT_EQ(
        to_hex(hkdf_sha256(Bytes(22, std::byte{0x0b}), counting(0, 0x0c), as_text(info), 42)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Hkdf, Rfc5869Case2LongerInputsAndOutputs) {
    const auto info = counting(0xb0, 0xff);
    EXPECT_EQ(to_hex(hkdf_sha256(counting(0, 0x4f), counting(0x60, 0xaf), as_text(info), 82)),
              "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
              "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
              "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Hkdf, Rfc5869Case3WithoutSaltAndInfo) {
    EXPECT_EQ(
        to_hex(hkdf_sha256(Bytes(22, std::byte{0x0b}), {}, {}, 42)),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, DifferentWordsGiveDifferentKeysAndAShorterKeyIsAPrefix) {
    const auto secret = counting(1, 32);
    EXPECT_NE(hkdf_sha256(secret, {}, "data", 32), hkdf_sha256(secret, {}, "status", 32));
    const auto longer = hkdf_sha256(secret, {}, "data", kHkdfMaxBytes);
    const auto shorter = hkdf_sha256(secret, {}, "data", 44);
    EXPECT_EQ(Bytes(longer.begin(), longer.begin() + 44), shorter);
}

}  // namespace
}  // namespace muster::crypto
