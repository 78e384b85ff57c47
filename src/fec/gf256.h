// SPDX-License-Identifier: GPL-3.0-or-later
//
// The field GF(256) of the repair code: bytes as polynomials over GF(2) modulo
// x^8 + x^4 + x^3 + x^2 + 1 (0x11d, of which x is a generator), the field ISA-L computes in.
// Addition is exclusive or. These are the single-byte operations; whole symbols go through a
// Kernel.
#pragma once

#include <array>
#include <cstdint>

namespace muster::fec::gf256 {

struct Tables {
    std::array<std::uint8_t, 256> log{};  // log[0] has no meaning
    std::array<std::uint8_t, 510> exp{};  // twice the cycle of 255: the sum of two logs fits
};

constexpr Tables make_tables() {
    Tables tables;
    unsigned power = 1;
    for (unsigned i = 0; i < 255; ++i) {
        tables.exp[i] = tables.exp[i + 255] = static_cast<std::uint8_t>(power);
        tables.log[power] = static_cast<std::uint8_t>(i);
        power <<= 1;
        if (power & 0x100) power ^= 0x11d;
    }
    return tables;
}

inline constexpr Tables kTables = make_tables();

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
    if (a == 0 || b == 0) return 0;
    return kTables.exp[kTables.log[a] + kTables.log[b]];
}

// a must not be 0.
constexpr std::uint8_t inverse(std::uint8_t a) { return kTables.exp[255 - kTables.log[a]]; }

}  // namespace muster::fec::gf256
