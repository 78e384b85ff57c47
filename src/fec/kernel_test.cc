// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/kernel.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.h"
#include "base/prng.h"

namespace muster::fec {
namespace {

// All but the definition that this processor can run.
std::vector<const Kernel*> fast_kernels() {
    std::vector<const Kernel*> kernels = {&isal_kernel()};
    if (gfni_kernel() != nullptr) kernels.push_back(gfni_kernel());
    return kernels;
}

struct Shape {
    std::size_t sources;
    std::size_t rows;
    std::size_t bytes;
    std::size_t source_shift;  // bytes behind an allocation's start
    std::size_t out_shift;
};

// Runs the kernels on the same random input. Every buffer ends where its allocation ends, and
// outputs have a guard in front.
void expect_equal(const Shape& shape, Prng& prng) {
    const auto random = [&](Bytes& bytes) {
        for (auto& b : bytes) b = static_cast<std::byte>(prng.next());
    };
    std::vector<std::uint8_t> coefficients(shape.sources * shape.rows);
    for (auto& c : coefficients) c = static_cast<std::uint8_t>(prng.next());
    std::vector<Bytes> sources(shape.sources, Bytes(shape.source_shift + shape.bytes));
    std::vector<const std::byte*> source_pointers;
    for (auto& source : sources) {
        random(source);
        source_pointers.push_back(source.data() + shape.source_shift);
    }
    std::vector<Bytes> before(shape.rows, Bytes(shape.out_shift + shape.bytes));
    for (auto& out : before) random(out);
    const auto result = [&](const Kernel& kernel) {
        auto outs = before;
        std::vector<std::byte*> pointers;
        for (auto& out : outs) pointers.push_back(out.data() + shape.out_shift);
        kernel.multiply_accumulate(coefficients, source_pointers, shape.bytes, pointers);
        return outs;
    };
    const auto expected = result(scalar_kernel());
    for (const auto* kernel : fast_kernels()) {
        ASSERT_EQ(result(*kernel), expected)
            << shape.sources << " sources, " << shape.rows << " rows, " << shape.bytes
            << " bytes, shifts " << shape.source_shift << ' ' << shape.out_shift;
    }
}

TEST(Kernel, EveryKernelEqualsTheScalarOneForEveryLength) {
    Prng prng(11);
    for (std::size_t bytes = 0; bytes <= 320; ++bytes) {
        for (std::size_t rows = 1; rows <= 13; ++rows) {
            expect_equal({1 + prng.below(5), rows, bytes, prng.below(8), prng.below(8)}, prng);
        }
    }
}

TEST(Kernel, EveryKernelEqualsTheScalarOneForEveryAlignment) {
    Prng prng(12);
    for (std::size_t source_shift = 0; source_shift < 64; ++source_shift) {
        for (std::size_t out_shift = 0; out_shift < 64; out_shift += 1 + prng.below(7)) {
            expect_equal({3, 1 + prng.below(6), 64 + prng.below(100), source_shift, out_shift},
                         prng);
        }
    }
}

TEST(Kernel, EveryKernelEqualsTheScalarOneBeyondItsStripsAndTiles) {
    Prng prng(13);
    for (std::size_t sources : {0, 1, 127, 128, 129, 300}) {
        for (std::size_t rows : {0, 1, 6, 12, 13, 25}) {
            expect_equal({sources, rows, 200 + prng.below(64), 1, 3}, prng);
        }
    }
    for (std::size_t bytes : {1408, 1535, 1536, 1537, 3073, 8896}) {
        expect_equal({5, 7, bytes, 0, 0}, prng);
    }
}

TEST(Kernel, AddsToWhatIsThere) {
    const Bytes source = {std::byte{0x01}, std::byte{0x80}};
    const auto* const source_pointer = source.data();
    const std::uint8_t two = 2;
    auto kernels = fast_kernels();
    kernels.push_back(&scalar_kernel());
    for (const auto* kernel : kernels) {
        Bytes out = {std::byte{0x10}, std::byte{0x20}};
        auto* const out_pointer = out.data();
        kernel->multiply_accumulate({&two, 1}, {&source_pointer, 1}, 2, {&out_pointer, 1});
        EXPECT_EQ(out, (Bytes{std::byte{0x12}, std::byte{0x3d}}));
    }
}

}  // namespace
}  // namespace muster::fec
