// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/fetch_plan.h"

#include <algorithm>

namespace muster::mcast {

std::optional<BlockRun> FetchPlan::next(const View& view, std::uint32_t max_blocks) {
    const std::uint32_t manifest = layout_.manifest_blocks();
    if (!knows_manifest(view)) {
        // Without it the rest waits: nothing could be verified.
        if (under_way_.test(0)) return std::nullopt;
        return begin({BlockIndex(0), manifest});
    }
    if (auto run = next_named(view, max_blocks)) return run;
    const std::uint32_t end = layout_.block_count();
    const std::uint32_t cursor = std::clamp(view.cursor.value, manifest, end);
    for (const bool nearly_whole_too : {false, true}) {
        auto run = before(view, manifest, cursor, max_blocks, nearly_whole_too);
        if (!run) run = before(view, cursor, end, max_blocks, nearly_whole_too);
        if (run) return begin(*run);
    }
    return std::nullopt;
}

bool FetchPlan::knows_manifest(const View& view) const {
    const auto missing = view.verified.first_clear(0);
    return !missing || *missing >= layout_.manifest_blocks();
}

std::optional<BlockRun> FetchPlan::next_named(const View& view, std::uint32_t max_blocks) {
    while (!named_.empty()) {
        const BlockIndex first = named_.front();
        if (layout_.is_manifest(first)) {
            named_.pop_front();
            if (knows_manifest(view) || under_way_.test(0)) continue;
            return begin({BlockIndex(0), layout_.manifest_blocks()});
        }
        if (!knows_manifest(view)) return std::nullopt;
        std::uint32_t count = 0;
        while (count < max_blocks && !named_.empty() &&
               named_.front().value == first.value + count &&
               is_wanted(view, named_.front().value)) {
            named_.pop_front();
            ++count;
        }
        if (count > 0) return begin({first, count});
        named_.pop_front();
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
