// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/hex.h"

namespace muster::crypto {
namespace {

// Made with `openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt`.
constexpr std::string_view kPem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV5m+X7GPlqkdW03D
4TLqLWGnRycoXzXow0hXouoXeJChRANCAAQ5hHiH8S1HDHcQnrZRU745hd/0yYfI
oxgU3MtWUA1jZ8HYEFGMjdqxye4IjgVmf7RFvX9J5NbDkWkaxMgtCMiC
-----END PRIVATE KEY-----
)";
// Its public key and a signature of "muster" by the openssl program.
constexpr std::string_view kPublicKey =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000439847887f12d470c77109eb65153be3985"
    "dff4c987c8a31814dccb56500d6367c1d810518c8ddab1c9ee088e05667fb445bd7f49e4d6c391691ac4c82d"
    "08c882";
constexpr std::string_view kSignature =
    "3046022100bcbd3cf6b9428d64eed944780e4cbb1c3060b6f228c2aadaf5cd4a37290bc7f5022100ab77104d"
    "2691da1ca0363de253d0f005983c586d7b8b89024e349bfd7ef63b98";

SigningKey key() { return SigningKey::from_pem(kPem).value(); }

TEST(Signature, WhatWasSignedIsVerified) {
    const Bytes signature = key().sign(as_bytes("an image"));
    EXPECT_TRUE(verify_signature(key().public_key(), as_bytes("an image"), signature));
    EXPECT_FALSE(verify_signature(key().public_key(), as_bytes("another"), signature));
    EXPECT_FALSE(verify_signature(key().public_key(), as_bytes(""), signature));
}

TEST(Signature, IsTheOneOfOpenssl) {
    const Bytes public_key = from_hex(kPublicKey).value();
    EXPECT_EQ(to_hex(key().public_key()), kPublicKey);
    EXPECT_TRUE(verify_signature(public_key, as_bytes("muster"), from_hex(kSignature).value()));
}

TEST(Signature, AnyBitThatWasChangedBreaksIt) {
    const Bytes public_key = key().public_key();
    const Bytes signature = from_hex(kSignature).value();
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        Bytes changed = signature;
        changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        ASSERT_FALSE(verify_signature(public_key, as_bytes("muster"), changed)) << bit;
    }
    for (std::size_t bit = 0; bit < public_key.size() * 8; ++bit) {
        if (bit / 8 == 25 || bit / 8 == 26) continue;  // forms that OpenSSL takes for the same
        Bytes changed = public_key;
        changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        ASSERT_FALSE(verify_signature(changed, as_bytes("muster"), signature)) << bit;
    }
}

TEST(Signature, WhatIsMalformedVerifiesNothing) {
    const Bytes signature = key().sign({});
    EXPECT_TRUE(verify_signature(key().public_key(), {}, signature));
    EXPECT_FALSE(verify_signature({}, {}, signature));
    EXPECT_FALSE(verify_signature(key().public_key(), {}, {}));
    Bytes longer = key().public_key();
    longer.push_back(std::byte{0});
    EXPECT_FALSE(verify_signature(longer, {}, signature));
    EXPECT_FALSE(verify_signature(Bytes(100'000), {}, signature));
}

TEST(Signature, OnlyAnEcKeySigns) {
    EXPECT_EQ(SigningKey::from_pem("").error().code(), Errc::corrupt);
    EXPECT_EQ(SigningKey::from_pem("no key at all").error().code(), Errc::corrupt);
    EXPECT_TRUE(SigningKey().empty());
    EXPECT_FALSE(key().empty());
}

}  // namespace
}  // namespace muster::crypto
