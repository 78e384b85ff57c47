// SPDX-License-Identifier: GPL-3.0-or-later
//
// The kernel on GFNI. GF2P8MULB computes modulo 0x11b, not our 0x11d; but multiplication by a
// constant is linear over GF(2), so GF2P8AFFINEQB does it with the constant's 8 x 8 bit matrix:
// one instruction for 64 products where half-byte tables take four. ISA-L has such a kernel only
// since 2.31; Debian 12 has 2.30.
//
// A column of 128 bytes of up to twelve rows stays in registers while it goes over the sources:
// every source is read once for twelve rows, a matrix is one load for two vectors of products.
#include "base/check.h"
#include "fec/gf256.h"
#include "fec/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#define MUSTER_GFNI __attribute__((target("avx512f,avx512bw,gfni")))

namespace muster::fec {
namespace {

constexpr std::size_t kRows = 12;
constexpr std::size_t kVectorBytes = 64;
constexpr std::size_t kColumnBytes = 2 * kVectorBytes;

// Bit i of the product is the parity of x and byte 7 - i of the matrix (Intel SDM, GF2P8AFFINEQB).
constexpr std::uint64_t bit_matrix(std::uint8_t coefficient) {
    std::uint64_t matrix = 0;
    for (unsigned column = 0; column < 8; ++column) {
        const auto product = gf256::multiply(coefficient, static_cast<std::uint8_t>(1u << column));
        for (unsigned row = 0; row < 8; ++row) {
            const std::uint64_t bit = product >> row & 1;
            matrix |= bit << ((7 - row) * 8 + column);
        }
    }
    return matrix;
}

constexpr std::array<std::uint64_t, 256> make_matrices() {
    std::array<std::uint64_t, 256> matrices{};
    for (unsigned c = 0; c < 256; ++c) matrices[c] = bit_matrix(static_cast<std::uint8_t>(c));
    return matrices;
}

constexpr std::array<std::uint64_t, 256> kMatrices = make_matrices();

struct Strip {
    const std::uint64_t* matrices;  // of source j and row r at [j * rows + r]
    std::span<const std::byte* const> sources;
    std::byte* const* outs;
    std::size_t bytes;
};

// The masks say which of a column's 128 bytes there are; a masked access touches no other.
template <std::size_t rows>
MUSTER_GFNI void add_column(const Strip& strip, std::size_t at, __mmask64 low, __mmask64 high) {
    __m512i sum[rows][2];
#pragma GCC unroll 12
    for (std::size_t r = 0; r < rows; ++r) {
        sum[r][0] = _mm512_maskz_loadu_epi8(low, strip.outs[r] + at);
        sum[r][1] = _mm512_maskz_loadu_epi8(high, strip.outs[r] + at + kVectorBytes);
    }
    const std::uint64_t* matrix = strip.matrices;
    for (const std::byte* source : strip.sources) {
        const __m512i x0 = _mm512_maskz_loadu_epi8(low, source + at);
        const __m512i x1 = _mm512_maskz_loadu_epi8(high, source + at + kVectorBytes);
#pragma GCC unroll 12
        for (std::size_t r = 0; r < rows; ++r) {
            const __m512i a = _mm512_set1_epi64(static_cast<long long>(matrix[r]));
            sum[r][0] = _mm512_xor_si512(sum[r][0], _mm512_gf2p8affine_epi64_epi8(x0, a, 0));
            sum[r][1] = _mm512_xor_si512(sum[r][1], _mm512_gf2p8affine_epi64_epi8(x1, a, 0));
        }
        matrix += rows;
    }
#pragma GCC unroll 12
    for (std::size_t r = 0; r < rows; ++r) {
        _mm512_mask_storeu_epi8(strip.outs[r] + at, low, sum[r][0]);
        _mm512_mask_storeu_epi8(strip.outs[r] + at + kVectorBytes, high, sum[r][1]);
    }
}

constexpr __mmask64 first_bytes(std::size_t count) {
    return count >= kVectorBytes ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
}

template <std::size_t rows>
void add_strip(const Strip& strip) {
    for (std::size_t at = 0; at < strip.bytes; at += kColumnBytes) {
        const std::size_t left = strip.bytes - at;
        add_column<rows>(strip, at, first_bytes(left),
                         left > kVectorBytes ? first_bytes(left - kVectorBytes) : 0);
    }
}

using AddStrip = void (*)(const Strip&);

template <std::size_t... index>
constexpr std::array<AddStrip, sizeof...(index)> make_functions(std::index_sequence<index...>) {
    return {add_strip<index + 1>...};
}

constexpr auto kAddStrip = make_functions(std::make_index_sequence<kRows>());

class GfniKernel final : public Kernel {
public:
    void multiply_accumulate(std::span<const std::uint8_t> coefficients,
                             std::span<const std::byte* const> sources, std::size_t bytes,
                             std::span<std::byte* const> outs) const override {
        CHECK(coefficients.size() == sources.size() * outs.size());
        std::array<std::uint64_t, kRows * kStripSources> matrices;
        for (std::size_t j = 0; j < sources.size(); j += kStripSources) {
            const auto some = sources.subspan(j, std::min(kStripSources, sources.size() - j));
            for (std::size_t r = 0; r < outs.size(); r += kRows) {
                const std::size_t rows = std::min(kRows, outs.size() - r);
                for (std::size_t i = 0; i < rows; ++i) {
                    const auto* row = coefficients.data() + (r + i) * sources.size() + j;
                    for (std::size_t s = 0; s < some.size(); ++s) {
                        matrices[s * rows + i] = kMatrices[row[s]];
                    }
                }
                kAddStrip[rows - 1]({matrices.data(), some, outs.data() + r, bytes});
            }
        }
    }
};

}  // namespace

const Kernel* gfni_kernel() {
    static const GfniKernel kernel;
    static const bool able = __builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512bw");
    return able ? &kernel : nullptr;
}

}  // namespace muster::fec

#else

namespace muster::fec {
const Kernel* gfni_kernel() { return nullptr; }
}  // namespace muster::fec

#endif
