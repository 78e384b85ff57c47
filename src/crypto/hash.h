// SPDX-License-Identifier: GPL-3.0-or-later
//
// Message digests (FIPS 180-4) over libcrypto, which uses the processor's SHA instructions.
// SHA-256 identifies everything of ours; SHA-1 is here only because a WIM names its resources by
// it, and must not decide whether bytes from a network are genuine.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace muster::crypto {

using Digest = std::array<std::byte, 32>;
using Sha1Digest = std::array<std::byte, 20>;

// Hashes a message that comes in pieces. finish() gives the digest and starts over, so one hasher
// serves many messages without an allocation each. Movable; a moved-from hasher must not be used.
// kDigestBytes selects the function: 32 is SHA-256, 20 is SHA-1.
template <std::size_t kDigestBytes>
class Hasher {
public:
    Hasher();
    ~Hasher();
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;

    void update(ByteSpan bytes);
    std::array<std::byte, kDigestBytes> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

extern template class Hasher<32>;
extern template class Hasher<20>;

using Sha256Hasher = Hasher<32>;
using Sha1Hasher = Hasher<20>;

Digest sha256(ByteSpan bytes);
Sha1Digest sha1(ByteSpan bytes);

}  // namespace muster::crypto
