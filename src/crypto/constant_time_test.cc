// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/constant_time.h"

#include <gtest/gtest.h>

namespace muster::crypto {
namespace {

TEST(ConstantTime, OnlyEqualBytesOfEqualSizeAreEqual) {
    EXPECT_TRUE(equal_constant_time({}, {}));
    EXPECT_TRUE(equal_constant_time(as_bytes("token"), as_bytes("token")));
    EXPECT_FALSE(equal_constant_time(as_bytes("token"), as_bytes("token2")));
    EXPECT_FALSE(equal_constant_time(as_bytes("token"), {}));
    const Bytes original(33, std::byte{0x5a});
    for (std::size_t at = 0; at < original.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            Bytes changed = original;
            changed[at] ^= static_cast<std::byte>(1 << bit);
            EXPECT_FALSE(equal_constant_time(original, changed)) << at << ' ' << bit;
        }
    }
}

}  // namespace
}  // namespace muster::crypto
