// SPDX-License-Identifier: GPL-3.0-or-later
//
// An enumeration and the word each value has in files and documents: one table, read both ways.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace muster {

template <typename E>
using EnumWord = std::pair<E, std::string_view>;

template <typename E, std::size_t N>
constexpr std::string_view word_of(const EnumWord<E> (&words)[N], E value) {
    for (const auto& word : words) {
        if (word.first == value) return word.second;
    }
    return words[0].second;
}

template <typename E, std::size_t N>
constexpr std::optional<E> value_of(const EnumWord<E> (&words)[N], std::string_view text) {
    for (const auto& word : words) {
        if (word.second == text) return word.first;
    }
    return std::nullopt;
}

}  // namespace muster
