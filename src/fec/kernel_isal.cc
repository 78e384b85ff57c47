// SPDX-License-Identifier: GPL-3.0-or-later
//
// The kernel on ISA-L. ec_encode_data wants 32 bytes of tables per coefficient, the products with
// every low and every high half byte. Our coefficients are used for one symbol only, and ISA-L's
// ec_init_tables takes about 5 ns for each where the products of 1408 bytes take 14: we copy them
// from one table of all 256 coefficients (8 KB) instead.
//
// ec_encode_data overwrites its output. So it writes to a tile on the stack, which is added to the
// caller's rows; with 128 sources per tile that is 1 % of the work. It also chooses its own way for
// short lengths, so any length is good.
#include <isa-l/erasure_code.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "fec/gf256.h"
#include "fec/kernel.h"

namespace muster::fec {
namespace {

constexpr std::size_t kTableBytes = 32;
constexpr std::size_t kTileRows = 6;  // for so many ISA-L reads a source once
// A symbol of 1408 bytes in one tile, a jumbo symbol of 8896 in six.
constexpr std::size_t kTileBytes = 1536;

using ProductTable = std::array<std::uint8_t, kTableBytes>;

constexpr std::array<ProductTable, 256> make_product_tables() {
    std::array<ProductTable, 256> tables{};
    for (unsigned c = 0; c < 256; ++c) {
        for (unsigned i = 0; i < 16; ++i) {
            const auto coefficient = static_cast<std::uint8_t>(c);
            tables[c][i] = gf256::multiply(coefficient, static_cast<std::uint8_t>(i));
            tables[c][16 + i] = gf256::multiply(coefficient, static_cast<std::uint8_t>(i << 4));
        }
    }
    return tables;
}

alignas(64) constexpr std::array<ProductTable, 256> kProductTables = make_product_tables();

void add(std::byte* to, const std::byte* from, std::size_t bytes) {
    constexpr std::size_t kWords = 8;
    std::size_t at = 0;
    for (; at + kWords * 8 <= bytes; at += kWords * 8) {
        std::uint64_t a[kWords];
        std::uint64_t b[kWords];
        std::memcpy(a, to + at, sizeof a);
        std::memcpy(b, from + at, sizeof b);
        for (std::size_t i = 0; i < kWords; ++i) a[i] ^= b[i];
        std::memcpy(to + at, a, sizeof a);
    }
    for (; at < bytes; ++at) to[at] ^= from[at];
}

// Up to kTileRows rows, kStripSources sources and kTileBytes bytes.
struct Tile {
    alignas(64) std::uint8_t tables[kTileRows * kStripSources * kTableBytes];
    alignas(64) std::byte sums[kTileRows][kTileBytes];

    void run(std::span<const std::byte* const> sources, std::size_t offset, std::size_t bytes,
             std::span<std::byte* const> outs) {
        unsigned char* ins[kStripSources];
        unsigned char* targets[kTileRows];
        for (std::size_t j = 0; j < sources.size(); ++j) {
            ins[j] = const_cast<unsigned char*>(
                reinterpret_cast<const unsigned char*>(sources[j] + offset));
        }
        for (std::size_t r = 0; r < outs.size(); ++r) {
            targets[r] = reinterpret_cast<unsigned char*>(sums[r]);
        }
        ec_encode_data(static_cast<int>(bytes), static_cast<int>(sources.size()),
                       static_cast<int>(outs.size()), tables, ins, targets);
        for (std::size_t r = 0; r < outs.size(); ++r) add(outs[r] + offset, sums[r], bytes);
    }
};

class IsalKernel final : public Kernel {
public:
    void multiply_accumulate(std::span<const std::uint8_t> coefficients,
                             std::span<const std::byte* const> sources, std::size_t bytes,
                             std::span<std::byte* const> outs) const override {
        CHECK(coefficients.size() == sources.size() * outs.size());
        Tile tile;
        for (std::size_t j = 0; j < sources.size(); j += kStripSources) {
            const auto some = sources.subspan(j, std::min(kStripSources, sources.size() - j));
            for (std::size_t r = 0; r < outs.size(); r += kTileRows) {
                const auto rows = outs.subspan(r, std::min(kTileRows, outs.size() - r));
                auto* table = tile.tables;
                for (std::size_t i = r; i < r + rows.size(); ++i) {
                    for (auto c : coefficients.subspan(i * sources.size() + j, some.size())) {
                        std::memcpy(table, kProductTables[c].data(), kTableBytes);
                        table += kTableBytes;
                    }
                }
                for (std::size_t at = 0; at < bytes; at += kTileBytes) {
                    tile.run(some, at, std::min(kTileBytes, bytes - at), rows);
                }
            }
        }
    }
};

}  // namespace

const Kernel& fast_kernel() {
    const Kernel* gfni = gfni_kernel();
    return gfni != nullptr ? *gfni : isal_kernel();
}

const Kernel& isal_kernel() {
    static const IsalKernel kernel;
    return kernel;
}

}  // namespace muster::fec
