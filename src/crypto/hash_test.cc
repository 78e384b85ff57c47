// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hex.h"
#include "base/prng.h"

namespace muster::crypto {
namespace {

constexpr std::string_view kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(Hash, Sha256GivesThePublishedDigests) {
    EXPECT_EQ(to_hex(sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(as_bytes(kTwoBlocks))),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(to_hex(sha256(as_bytes(std::string(1'000'000, 'a')))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha1GivesThePublishedDigests) {
    EXPECT_EQ(to_hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(sha1(as_bytes(kTwoBlocks))), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    EXPECT_EQ(to_hex(sha1(as_bytes(std::string(1'000'000, 'a')))),
              "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Hash, PiecesOfAnySizeGiveTheDigestOfTheWhole) {
    Prng prng(1);
    Bytes message(5000);
    for (auto& b : message) b = static_cast<std::byte>(prng.next());
    const auto whole = sha256(message);
    for (int round = 0; round < 50; ++round) {
        Sha256Hasher hasher;
        for (std::size_t at = 0; at < message.size();) {
            const auto piece = std::min<std::size_t>(prng.below(300), message.size() - at);
            hasher.update(ByteSpan(message).subspan(at, piece));
            at += piece;
        }
        EXPECT_EQ(hasher.finish(), whole);
    }
}

TEST(Hash, AHasherStartsOverAfterFinishAndCanBeMoved) {
    Sha256Hasher hasher;
    hasher.update(as_bytes("something else"));
    EXPECT_NE(hasher.finish(), sha256(as_bytes("abc")));
    hasher.update(as_bytes("ab"));
    Sha256Hasher moved = std::move(hasher);
    moved.update(as_bytes("c"));
    EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

}  // namespace
}  // namespace muster::crypto
