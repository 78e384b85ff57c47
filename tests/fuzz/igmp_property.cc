// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "net/igmp.h"
#include "properties.h"

namespace muster::fuzz {

void check_igmp(ByteSpan input) {
    for (const bool v6 : {false, true}) {
        const auto query = net::parse_query(v6, input);
        if (!query) continue;
        CHECK(query->version >= 1 && query->version <= (v6 ? 2 : 3));
        // What is told apart by its length is so however much follows.
        if (v6) CHECK((query->version == 2) == (input.size() >= 28));
    }
}

}  // namespace muster::fuzz
