// SPDX-License-Identifier: GPL-3.0-or-later
//
// Random bytes from the kernel (getrandom(2)), fit for keys and tokens. They block only before
// the kernel has gathered its first seed at boot, and cannot fail after it.
#pragma once

#include "base/bytes.h"

namespace muster::net {

void fill_random(MutableByteSpan out);
Bytes random_bytes(std::size_t count);

}  // namespace muster::net
