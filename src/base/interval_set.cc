// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/interval_set.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/check.h"

namespace muster {

IntervalSet IntervalSet::range(std::uint64_t begin, std::uint64_t end) {
    IntervalSet set;
    set.add(begin, end);
    return set;
}

void IntervalSet::add(std::uint64_t begin, std::uint64_t end) {
    CHECK(begin <= end);
    if (begin == end) return;
    auto it = runs_.upper_bound(begin);
    if (it != runs_.begin() && std::prev(it)->second >= begin) {
        --it;
        begin = it->first;
    }
    while (it != runs_.end() && it->first <= end) {
        end = std::max(end, it->second);
        count_ -= it->second - it->first;
        it = runs_.erase(it);
    }
    runs_.emplace(begin, end);
    count_ += end - begin;
}

void IntervalSet::remove(std::uint64_t begin, std::uint64_t end) {
    CHECK(begin <= end);
    if (begin == end) return;
    auto it = runs_.upper_bound(begin);
    if (it != runs_.begin() && std::prev(it)->second > begin) --it;
    while (it != runs_.end() && it->first < end) {
        auto [run_begin, run_end] = *it;
        count_ -= run_end - run_begin;
        it = runs_.erase(it);
        if (run_begin < begin) {
            runs_.emplace(run_begin, begin);
            count_ += begin - run_begin;
        }
        if (run_end > end) {
            runs_.emplace(end, run_end);
            count_ += run_end - end;
            break;
        }
    }
}

bool IntervalSet::contains(std::uint64_t value) const {
    auto it = runs_.upper_bound(value);
    return it != runs_.begin() && std::prev(it)->second > value;
}

void IntervalSet::clear() {
    runs_.clear();
    count_ = 0;
}

std::string IntervalSet::to_string() const {
    std::string text;
    for (auto [begin, end] : runs_) {
        if (!text.empty()) text += ',';
        text += std::to_string(begin);
        if (end - begin > 1) text += '-' + std::to_string(end - 1);
    }
    return text;
}

namespace {
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}
}  // namespace

Result<IntervalSet> IntervalSet::parse(std::string_view text, std::uint64_t limit) {
    IntervalSet set;
    std::uint64_t previous_end = 0;
    const std::size_t whole = text.size();
    while (!text.empty()) {
        auto wrong = [&](std::string_view what) {
            return Error(Errc::invalid_argument, "list of ranges: " + std::string(what) +
                                                     " at position " +
                                                     std::to_string(whole - text.size()));
        };
        auto first = take_number(text);
        if (!first) return wrong("expected a number");
        auto last = first;
        if (text.starts_with('-')) {
            text.remove_prefix(1);
            last = take_number(text);
            if (!last) return wrong("expected a number");
        }
        if (*last < *first || (!set.empty() && *first < previous_end)) return wrong("out of order");
        if (*last >= limit) return wrong("beyond the limit of " + std::to_string(limit));
        set.add(*first, *last + 1);
        previous_end = *last + 1;
        if (text.empty()) break;
        if (!text.starts_with(',') || text.size() == 1) return wrong("expected ',' and a number");
        text.remove_prefix(1);
    }
    return set;
}

}  // namespace muster
