// SPDX-License-Identifier: GPL-3.0-or-later
//
// A set of integers kept as disjoint half-open runs [begin, end). It is how want-maps travel: a
// whole image is one run, a resumed one a few dozen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster {

class IntervalSet {
public:
    using Map = std::map<std::uint64_t, std::uint64_t>;  // begin -> end

    IntervalSet() = default;
    static IntervalSet range(std::uint64_t begin, std::uint64_t end);

    void add(std::uint64_t begin, std::uint64_t end);
    void add(std::uint64_t value) { add(value, value + 1); }
    void remove(std::uint64_t begin, std::uint64_t end);
    bool contains(std::uint64_t value) const;
    bool empty() const { return runs_.empty(); }
    std::uint64_t count() const { return count_; }
    std::size_t run_count() const { return runs_.size(); }
    const Map& runs() const { return runs_; }
    void clear();
    bool operator==(const IntervalSet& other) const { return runs_ == other.runs_; }

    // "0-63,70,128-255" (inclusive ends, as people write them); "" is the empty set.
    std::string to_string() const;
    // Errc::invalid_argument: not that form, runs out of order, or a value >= limit.
    static Result<IntervalSet> parse(std::string_view text, std::uint64_t limit);

private:
    Map runs_;
    std::uint64_t count_ = 0;
};

}  // namespace muster
