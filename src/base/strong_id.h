// SPDX-License-Identifier: GPL-3.0-or-later
//
// Indices that cannot be mixed up: a block number is not a group number. StrongId<Tag> is an
// integer that converts to nothing else; .value is the way out.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace muster {

template <typename Tag, typename Rep = std::uint32_t>
struct StrongId {
    Rep value = 0;
    constexpr StrongId() = default;
    constexpr explicit StrongId(Rep v) : value(v) {}
    constexpr auto operator<=>(const StrongId&) const = default;
    constexpr StrongId& operator++() {
        ++value;
        return *this;
    }
};

}  // namespace muster

template <typename Tag, typename Rep>
struct std::hash<muster::StrongId<Tag, Rep>> {
    std::size_t operator()(muster::StrongId<Tag, Rep> id) const noexcept {
        return std::hash<Rep>{}(id.value);
    }
};
