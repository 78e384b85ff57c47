// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hex.h"
#include "base/prng.h"

namespace muster::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::span<const std::byte, 32> key_of(const Bytes& key) {
    return std::span<const std::byte, 32>(key);
}
std::span<const std::byte, 12> nonce_of(const Bytes& nonce) {
    return std::span<const std::byte, 12>(nonce);
}

Bytes random_bytes(Prng& prng, std::size_t size) {
    Bytes bytes(size);
    for (auto& b : bytes) b = static_cast<std::byte>(prng.next());
    return bytes;
}

struct Vector {
    const char* name;
    const char* key;
    const char* nonce;
    const char* plaintext;
    const char* aad;
    const char* sealed;  // ciphertext, tag
};

constexpr const char* kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* kSpecKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

// The AES-256 cases with a 96-bit nonce of the GCM specification (McGrew, Viega, appendix B), and
// the first of NIST's CAVP file gcmEncryptExtIV256.
const Vector kVectors[] = {
    {"case 13", kZeroKey, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"case 14", kZeroKey, "000000000000000000000000", "00000000000000000000000000000000", "",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"case 15", kSpecKey, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"case 16", kSpecKey, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {"CAVP 256/96/0/0/128", "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
     "516c33929df5a3284ff463d7", "", "", "bdc1ac884d332457a1d2664f168c76f0"},
};

TEST(Aead, GivesThePublishedVectorsInBothDirections) {
    for (const auto& vector : kVectors) {
        SCOPED_TRACE(vector.name);
        auto aead = Aead::create(key_of(hex(vector.key)));
        const auto nonce = hex(vector.nonce);
        const auto aad = hex(vector.aad);
        const auto plaintext = hex(vector.plaintext);
        Bytes sealed(plaintext.size() + kTagBytes);
        aead.seal(nonce_of(nonce), aad, plaintext, sealed);
        EXPECT_EQ(to_hex(sealed), vector.sealed);
        Bytes opened(plaintext.size());
        EXPECT_TRUE(aead.open(nonce_of(nonce), aad, sealed, opened));
        EXPECT_EQ(opened, plaintext);
    }
}

TEST(Aead, SealsAndOpensInPlaceForEveryLength) {
    Prng prng(2);
    auto aead = Aead::create(key_of(random_bytes(prng, 32)));
    for (std::size_t size = 0; size < 200; ++size) {
        const auto nonce = random_bytes(prng, 12);
        const auto aad = random_bytes(prng, size % 37);
        const auto plaintext = random_bytes(prng, size);
        Bytes apart(size + kTagBytes);
        aead.seal(nonce_of(nonce), aad, plaintext, apart);

        Bytes buffer = plaintext;
        buffer.resize(size + kTagBytes);
        const MutableByteSpan all(buffer);
        aead.seal(nonce_of(nonce), aad, all.first(size), all);
        EXPECT_EQ(buffer, apart);
        EXPECT_TRUE(aead.open(nonce_of(nonce), aad, all, all.first(size)));
        EXPECT_TRUE(std::ranges::equal(all.first(size), plaintext));
        EXPECT_TRUE(std::ranges::equal(all.last(kTagBytes), ByteSpan(apart).last(kTagBytes)));
    }
}

TEST(Aead, EveryFlippedBitIsFoundAndNothingUnverifiedComesOut) {
    Prng prng(3);
    auto aead = Aead::create(key_of(random_bytes(prng, 32)));
    const auto nonce = random_bytes(prng, 12);
    const auto aad = random_bytes(prng, 16);
    const auto plaintext = random_bytes(prng, 40);
    Bytes sealed(plaintext.size() + kTagBytes);
    aead.seal(nonce_of(nonce), aad, plaintext, sealed);
    const Bytes zeros(plaintext.size());

    const auto refused = [&](const Bytes& n, const Bytes& a, const Bytes& s) {
        Bytes out(plaintext.size(), std::byte{0xee});
        return !aead.open(nonce_of(n), a, s, out) && out == zeros;
    };
    const auto each_bit = [](const Bytes& original, auto&& check) {
        for (std::size_t bit = 0; bit < original.size() * 8; ++bit) {
            Bytes changed = original;
            changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
            EXPECT_TRUE(check(changed)) << "bit " << bit;
        }
    };
    each_bit(sealed, [&](const Bytes& changed) { return refused(nonce, aad, changed); });
    each_bit(nonce, [&](const Bytes& changed) { return refused(changed, aad, sealed); });
    each_bit(aad, [&](const Bytes& changed) { return refused(nonce, changed, sealed); });

    // The same object still opens what is genuine.
    Bytes opened(plaintext.size());
    EXPECT_TRUE(aead.open(nonce_of(nonce), aad, sealed, opened));
    EXPECT_EQ(opened, plaintext);
}

TEST(Aead, TruncatedMessagesAndOtherKeysAreRefused) {
    Prng prng(4);
    auto aead = Aead::create(key_of(random_bytes(prng, 32)));
    auto other = Aead::create(key_of(random_bytes(prng, 32)));
    const auto nonce = random_bytes(prng, 12);
    const auto plaintext = random_bytes(prng, 64);
    Bytes sealed(plaintext.size() + kTagBytes);
    aead.seal(nonce_of(nonce), {}, plaintext, sealed);
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        // A copy of exactly that size, so that a sanitizer sees a read beyond it.
        const Bytes shorter(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
        Bytes out(size < kTagBytes ? 0 : size - kTagBytes);
        EXPECT_FALSE(aead.open(nonce_of(nonce), {}, shorter, out)) << size;
    }
    Bytes out(plaintext.size());
    EXPECT_FALSE(other.open(nonce_of(nonce), {}, sealed, out));
    EXPECT_TRUE(aead.open(nonce_of(nonce), {}, sealed, out));
}

TEST(Aead, AMovedObjectKeepsItsKey) {
    Prng prng(5);
    auto first = Aead::create(key_of(random_bytes(prng, 32)));
    const auto nonce = random_bytes(prng, 12);
    const auto plaintext = random_bytes(prng, 100);
    Bytes sealed(plaintext.size() + kTagBytes);
    first.seal(nonce_of(nonce), {}, plaintext, sealed);
    Aead second = std::move(first);
    Bytes opened(plaintext.size());
    EXPECT_TRUE(second.open(nonce_of(nonce), {}, sealed, opened));
    EXPECT_EQ(opened, plaintext);
}

}  // namespace
}  // namespace muster::crypto
