// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests: a group of random symbols with repair rows, and losses to undo.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/bytes.h"
#include "base/prng.h"
#include "fec/decoder.h"
#include "fec/encoder.h"

namespace muster::fec {

inline std::vector<std::byte*> pointers_to(std::vector<Bytes>& buffers) {
    std::vector<std::byte*> pointers;
    for (auto& buffer : buffers) pointers.push_back(buffer.data());
    return pointers;
}

struct TestGroup {
    TestGroup(std::size_t symbol_count, std::size_t symbol_bytes, std::uint64_t seed)
        : bytes(symbol_bytes), prng(seed), symbols(symbol_count, Bytes(symbol_bytes)) {
        for (auto& symbol : symbols) {
            for (auto& b : symbol) b = static_cast<std::byte>(prng.next());
        }
    }

    std::vector<Bytes> encode(const Kernel& kernel, std::uint32_t first_row, std::size_t count) {
        std::vector<Bytes> rows(count, Bytes(bytes, std::byte{0xcc}));
        const auto in = pointers_to(symbols);
        encode_rows(kernel, std::vector<const std::byte*>(in.begin(), in.end()), bytes, first_row,
                    pointers_to(rows));
        return rows;
    }

    // `count` different indices, ascending.
    std::vector<std::uint32_t> lose(std::size_t count) {
        std::vector<std::uint32_t> all(symbols.size());
        std::iota(all.begin(), all.end(), 0U);
        for (std::size_t i = 0; i < count; ++i) {
            std::swap(all[i], all[i + prng.below(all.size() - i)]);
        }
        all.resize(count);
        std::sort(all.begin(), all.end());
        return all;
    }

    // The symbols as a receiver has them: rubbish in place of the missing ones.
    std::vector<Bytes> received(const std::vector<std::uint32_t>& missing) const {
        auto copy = symbols;
        for (auto index : missing)
            std::fill(copy[index].begin(), copy[index].end(), std::byte{0xdb});
        return copy;
    }

    std::size_t bytes;
    Prng prng;
    std::vector<Bytes> symbols;
};

inline std::vector<RepairRow> as_rows(const std::vector<Bytes>& data, std::uint32_t first_row) {
    std::vector<RepairRow> rows;
    for (const auto& row : data) rows.push_back({first_row++, row.data()});
    return rows;
}

}  // namespace muster::fec
