// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/fetch_plan.h"

#include <algorithm>

namespace muster::mcast {

std::optional<BlockRun> FetchPlan::next(const View& view, std::uint32_t max_blocks) {
    const std::uint32_t manifest = layout_.manifest_blocks();
    for (std::uint32_t b = 0; b < manifest; ++b) {
        if (view.verified.test(b)) continue;
        // Without it the rest waits: nothing could be verified.
        if (under_way_.test(b)) return std::nullopt;
        return begin({BlockIndex(0), manifest});
    }
    if (auto run = next_named(view)) return run;
    const std::uint32_t end = layout_.block_count();
    const std::uint32_t cursor = std::clamp(view.cursor.value, manifest, end);
    for (const bool nearly_whole_too : {false, true}) {
        auto run = before(view, manifest, cursor, max_blocks, nearly_whole_too);
        if (!run) run = before(view, cursor, end, max_blocks, nearly_whole_too);
        if (run) return begin(*run);
    }
    return std::nullopt;
}

std::optional<BlockRun> FetchPlan::next_named(const View& view) {
    while (!named_.empty()) {
        const BlockIndex block = named_.front();
        named_.pop_front();
        if (is_wanted(view, block.value)) return begin({block, 1});
    }
    return std::nullopt;
}

// The wanted blocks nearest to `end`.
std::optional<BlockRun> FetchPlan::before(const View& view, std::uint32_t begin, std::uint32_t end,
                                          std::uint32_t max_blocks, bool nearly_whole_too) const {
    std::uint32_t count = 0;
    std::uint32_t b = end;
    for (; b > begin && count < max_blocks; --b) {
        const bool taken = is_wanted(view, b - 1) &&
                           (nearly_whole_too || !view.is_nearly_whole(BlockIndex(b - 1)));
        if (!taken && count > 0) break;
        count += taken;
    }
    if (count == 0) return std::nullopt;
    return BlockRun{BlockIndex(b), count};
}

BlockRun FetchPlan::begin(BlockRun run) {
    for (std::uint32_t i = 0; i < run.count; ++i) under_way_.set(run.first.value + i);
    return run;
}

}  // namespace muster::mcast
