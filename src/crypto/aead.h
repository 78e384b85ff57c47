// SPDX-License-Identifier: GPL-3.0-or-later
//
// Authenticated encryption of datagrams: AES-256-GCM (NIST SP 800-38D), 96-bit nonce, 128-bit tag
// behind the ciphertext. The key schedule is made once and only the nonce changes from datagram to
// datagram, so that one core seals more than 2 GB/s in pieces of 1408 bytes.
//
// The caller never uses a nonce twice under one key: two messages under the same nonce give away
// their difference and the authentication key.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace muster::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

// Owns the expanded key, wiped on destruction. One object belongs to one thread. Movable; a
// moved-from Aead must not be used.
class Aead {
public:
    static Aead create(std::span<const std::byte, kAeadKeyBytes> key);
    ~Aead();
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;

    // Writes ciphertext and tag. out holds exactly plaintext.size() + kTagBytes bytes and either
    // begins where plaintext begins (in place) or does not overlap it. A message is below 2 GiB.
    void seal(std::span<const std::byte, kAeadNonceBytes> nonce, ByteSpan aad, ByteSpan plaintext,
              MutableByteSpan out);

    // False when the tag does not fit key, nonce, aad and ciphertext, or when there are fewer
    // than kTagBytes bytes; out is zeros then, so that nothing unverified can be used by mistake.
    // out holds exactly sealed.size() - kTagBytes bytes (any number when sealed is shorter than a
    // tag) and either begins where sealed begins (in place) or does not overlap it.
    [[nodiscard]] bool open(std::span<const std::byte, kAeadNonceBytes> nonce, ByteSpan aad,
                            ByteSpan sealed, MutableByteSpan out);

private:
    struct State;
    explicit Aead(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace muster::crypto
