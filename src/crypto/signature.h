// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signatures by the key a server is known by: ECDSA over SHA-256 (FIPS 186-5), a public key as
// SubjectPublicKeyInfo in DER. A member knows the SHA-256 of that key beforehand.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::crypto {

// Copies share the key. An empty one must not sign.
class SigningKey {
public:
    SigningKey() = default;
    // The private key in a PEM text, whatever else stands there. Errc::corrupt: there is none, or
    // not one on a NIST curve.
    static Result<SigningKey> from_pem(std::string_view pem);

    bool empty() const { return !key_; }
    Bytes public_key() const;
    Bytes sign(ByteSpan message) const;

private:
    struct Key;
    std::shared_ptr<const Key> key_;
};

// Whether `signature` is that of `message` by the key. Anything malformed is not.
[[nodiscard]] bool verify_signature(ByteSpan public_key, ByteSpan message, ByteSpan signature);

}  // namespace muster::crypto
