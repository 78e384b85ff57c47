// SPDX-License-Identifier: GPL-3.0-or-later
//
// A small, fast, seedable random source for timers, loss and tests; never for keys. splitmix64
// (Steele, Lea, Flood 2014) seeds xoshiro256** (Blackman, Vigna 2018); the same seed gives the
// same sequence on every machine, which is what makes a simulation replay.
#pragma once

#include <cstdint>

namespace muster {

// The splitmix64 finaliser: a bijection on 64 bits in which every input bit reaches every output
// bit. The repair code derives its coefficients from it (docs/protocol.md), so it never changes.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

class Prng {
public:
    explicit constexpr Prng(std::uint64_t seed) {
        for (auto& word : state_) {
            word = mix64(seed);
            seed += 0x9e3779b97f4a7c15ULL;
        }
    }
    constexpr std::uint64_t next() {
        const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate_left(state_[3], 45);
        return result;
    }
    // Uniform in [0, bound); bound must not be 0. Multiply-shift: the bias is below 2^-32 for any
    // bound that fits 32 bits.
    constexpr std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }
    // Uniform in [0, 1).
    constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    constexpr bool chance(double probability) { return uniform() < probability; }
    // An independent stream for a part of its own.
    constexpr Prng fork() { return Prng(next()); }

private:
    static constexpr std::uint64_t rotate_left(std::uint64_t x, int k) {
        return (x << k) | (x >> (64 - k));
    }
    std::uint64_t state_[4] = {};
};

}  // namespace muster
