// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/disk.h"

namespace muster::sim {

content::BlockSet Disk::blocks(const mcast::Layout& layout) const {
    content::BlockSet set(layout.block_count());
    if (has_manifest) set.set_range(0, layout.manifest_blocks());
    for (mcast::BlockIndex block : order) set.set(block.value);
    return set;
}

}  // namespace muster::sim
