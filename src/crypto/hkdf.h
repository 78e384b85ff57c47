// SPDX-License-Identifier: GPL-3.0-or-later
//
// Keys from a shared secret: HKDF with HMAC-SHA-256 (RFC 5869), extract and expand in one step.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace muster::crypto {

// The most one derivation can give: 255 digests (RFC 5869, 2.3).
inline constexpr std::size_t kHkdfMaxBytes = 255 * 32;

// secret: input keying material with at least one byte. salt: may be empty, which is 32 zeros.
// info: what the key is for; different words give independent keys. 1 <= length <= kHkdfMaxBytes.
Bytes hkdf_sha256(ByteSpan secret, ByteSpan salt, std::string_view info, std::size_t length);

}  // namespace muster::crypto
