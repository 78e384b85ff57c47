// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace muster::net {

void fill_random(MutableByteSpan out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0) {
            // Only an unusable kernel gets here; a key from anything else would be worse.
            CHECK(errno == EINTR);
            continue;
        }
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    fill_random(bytes);
    return bytes;
}

}  // namespace muster::net
