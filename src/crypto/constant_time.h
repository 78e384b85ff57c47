// SPDX-License-Identifier: GPL-3.0-or-later
//
// Comparing secrets (tokens, fingerprints): the time must not tell how many bytes were right.
#pragma once

#include "base/bytes.h"

namespace muster::crypto {

// Takes the same time wherever the bytes differ. Different sizes are unequal at once: a size is
// no secret.
[[nodiscard]] bool equal_constant_time(ByteSpan a, ByteSpan b);

}  // namespace muster::crypto
