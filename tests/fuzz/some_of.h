// SPDX-License-Identifier: GPL-3.0-or-later
//
// Texts a little wrong, from texts that are right, over fixed seeds.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/prng.h"
#include "properties.h"

namespace muster::fuzz {

template <typename List>
void check_some_of(const List& list, void (*property)(ByteSpan), std::uint64_t seeds) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        std::string text(list[prng.below(list.size())]);
        for (std::uint64_t i = seed % 3 == 0 ? 0 : prng.below(5); i > 0; --i) {
            const std::size_t place = prng.below(text.size());
            if (prng.chance(0.3)) {
                text.erase(place, prng.below(8));
            } else if (prng.chance(0.3)) {
                text.insert(place, text.substr(prng.below(text.size()), prng.below(30)));
            } else {
                text[place] = static_cast<char>(prng.next());
            }
            if (text.empty()) break;
        }
        property(as_bytes(text));
    }
}

}  // namespace muster::fuzz
