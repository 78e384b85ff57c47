// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/constant_time.h"

#include <openssl/crypto.h>

namespace muster::crypto {

bool equal_constant_time(ByteSpan a, ByteSpan b) {
    if (a.size() != b.size()) return false;
    return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace muster::crypto
