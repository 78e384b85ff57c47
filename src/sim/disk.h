// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a simulated computer keeps over a crash: the blocks it has stored, in their order, so that
// a crash can take the last ones (those the disk had not yet made durable), and the manifest, which
// is there whole or not at all.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "content/block_set.h"
#include "content/manifest.h"
#include "mcast/layout.h"

namespace muster::sim {

struct Disk {
    std::vector<mcast::BlockIndex> order;  // image blocks, as they were stored
    bool has_manifest = false;
    std::optional<content::Manifest> manifest;  // bytes mode
    Bytes image;                                // bytes mode, as large as the image

    content::BlockSet blocks(const mcast::Layout& layout) const;
    void lose_last(std::size_t blocks) {
        order.resize(order.size() - std::min(blocks, order.size()));
    }
};

}  // namespace muster::sim
