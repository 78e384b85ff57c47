// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/block_set.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace muster::content {
namespace {

constexpr std::uint32_t kWordBits = 64;

constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << (index % kWordBits); }

}  // namespace

BlockSet::BlockSet(std::uint32_t size)
    : size_(size), words_((std::size_t{size} + kWordBits - 1) / kWordBits) {}

BlockSet BlockSet::from_intervals(const IntervalSet& intervals, std::uint32_t size) {
    BlockSet set(size);
    for (const auto& [begin, end] : intervals.runs()) {
        if (begin >= size) break;
        set.set_range(static_cast<std::uint32_t>(begin),
                      static_cast<std::uint32_t>(std::min<std::uint64_t>(end, size)));
    }
    return set;
}

IntervalSet BlockSet::to_intervals() const {
    IntervalSet intervals;
    for (auto begin = first_set(0); begin;) {
        const auto end = first_clear(*begin).value_or(size_);
        intervals.add(*begin, end);
        begin = first_set(end);
    }
    return intervals;
}

void BlockSet::set(std::uint32_t index) {
    CHECK(index < size_);
    auto& word = words_[index / kWordBits];
    count_ += (word & bit(index)) == 0;
    word |= bit(index);
}

void BlockSet::clear(std::uint32_t index) {
    CHECK(index < size_);
    auto& word = words_[index / kWordBits];
    count_ -= (word & bit(index)) != 0;
    word &= ~bit(index);
}

bool BlockSet::test(std::uint32_t index) const {
    CHECK(index < size_);
    return (words_[index / kWordBits] & bit(index)) != 0;
}

void BlockSet::set_range(std::uint32_t begin, std::uint32_t end) {
    CHECK(begin <= end && end <= size_);
    while (begin < end) {
        const auto offset = begin % kWordBits;
        const auto width = std::min(kWordBits - offset, end - begin);
        const auto mask = (~std::uint64_t{0} >> (kWordBits - width)) << offset;
        auto& word = words_[begin / kWordBits];
        count_ += static_cast<std::uint32_t>(std::popcount(mask & ~word));
        word |= mask;
        begin += width;
    }
}

std::optional<std::uint32_t> BlockSet::first_set(std::uint32_t from) const {
    return first(from, 0);
}

std::optional<std::uint32_t> BlockSet::first_clear(std::uint32_t from) const {
    return first(from, ~std::uint64_t{0});
}

std::optional<std::uint32_t> BlockSet::first(std::uint32_t from, std::uint64_t inverted) const {
    if (from >= size_) return std::nullopt;
    std::size_t at = from / kWordBits;
    auto word = (words_[at] ^ inverted) & ~(bit(from) - 1);
    while (word == 0) {
        if (++at == words_.size()) return std::nullopt;
        word = words_[at] ^ inverted;
    }
    const auto index = at * kWordBits + static_cast<std::size_t>(std::countr_zero(word));
    if (index >= size_) return std::nullopt;
    return static_cast<std::uint32_t>(index);
}

}  // namespace muster::content
