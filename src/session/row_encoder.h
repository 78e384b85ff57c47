// SPDX-License-Identifier: GPL-3.0-or-later
//
// Makes repair rows off the sending thread. The last few groups are kept in memory, because a
// group that was asked for once is asked for again; rows() may block on the disk and runs on the
// worker only.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "session/content_source.h"

namespace muster::session {

class RowEncoder {
public:
    explicit RowEncoder(std::shared_ptr<const ContentSource> source) : source_(std::move(source)) {}
    // Rows [first, first + count) of the group, in symbols of that layout, always the same.
    Result<std::vector<Bytes>> rows(const mcast::Layout& layout, mcast::GroupId group,
                                    std::uint32_t first, std::uint32_t count);

private:
    struct Loaded {
        mcast::GroupId group;
        Bytes symbols;
    };
    Result<const Bytes*> load(const mcast::Layout& layout, mcast::GroupId group);

    static constexpr std::size_t kGroupsKept = 4;
    std::shared_ptr<const ContentSource> source_;
    std::deque<Loaded> loaded_;
};

}  // namespace muster::session
