// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests: the groups of a session whose stretches are not split, counted from 0.
#pragma once

#include "mcast/layout.h"

namespace muster::mcast {

inline GroupId nth_group(const Layout& layout, std::uint32_t index) {
    BlockIndex block(0);
    for (std::uint32_t i = 0; i < index; ++i) block = layout.end_of_stretch(block);
    return layout.group_of(block, layout.longest_group_log2());
}

}  // namespace muster::mcast
