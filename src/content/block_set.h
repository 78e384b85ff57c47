// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which blocks of an image somebody has: one bit per block (20 GB are 28 KB), with the count kept,
// so that "how many are missing" costs nothing. IntervalSet is the form in which it travels; this
// is the form in which it is asked and changed for every block that arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/interval_set.h"

namespace muster::content {

// A subset of the block indices [0, size). Indices handed to it must be below size.
class BlockSet {
public:
    explicit BlockSet(std::uint32_t size);
    // Values of the set at or above size are left out.
    static BlockSet from_intervals(const IntervalSet& intervals, std::uint32_t size);
    IntervalSet to_intervals() const;

    void set(std::uint32_t index);
    void clear(std::uint32_t index);
    bool test(std::uint32_t index) const;
    // All of [begin, end); begin <= end <= size.
    void set_range(std::uint32_t begin, std::uint32_t end);

    std::uint32_t size() const { return size_; }
    std::uint32_t count() const { return count_; }
    bool all() const { return count_ == size_; }
    bool none() const { return count_ == 0; }

    // The smallest index >= from that is in the set (is not in the set), if there is one; from may
    // be anything.
    std::optional<std::uint32_t> first_set(std::uint32_t from) const;
    std::optional<std::uint32_t> first_clear(std::uint32_t from) const;

    bool operator==(const BlockSet&) const = default;

private:
    std::optional<std::uint32_t> first(std::uint32_t from, std::uint64_t inverted) const;

    std::uint32_t size_;
    std::uint32_t count_ = 0;
    std::vector<std::uint64_t> words_;  // bits at and above size_ are 0
};

}  // namespace muster::content
