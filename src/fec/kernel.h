// SPDX-License-Identifier: GPL-3.0-or-later
//
// All heavy arithmetic of the code is one operation: add a small matrix times many vectors to a
// few vectors. A Kernel is one implementation of it: on ISA-L for every processor, on GFNI where
// there is that, and the scalar one, the definition, which tests hold every other against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace muster::fec {

// Rows a caller should hand over at once: the GFNI kernel reads every source once for up to twelve
// rows, ISA-L for six.
inline constexpr std::size_t kStripRows = 12;
// Sources a caller should hand over at once: their tables (24 KB for six rows of ISA-L) stay in
// the first-level cache, and they themselves in the second for the next rows.
inline constexpr std::size_t kStripSources = 128;

// Stateless and shared: every thread may call at the same time.
class Kernel {
public:
    virtual ~Kernel() = default;

    // outs[r][b] ^= sum over j of coefficients[r * sources.size() + j] * sources[j][b], for every
    // r < outs.size() and b < bytes. Any counts and sizes, also none; no alignment is required.
    // outs overlap neither each other nor the sources.
    virtual void multiply_accumulate(std::span<const std::uint8_t> coefficients,
                                     std::span<const std::byte* const> sources, std::size_t bytes,
                                     std::span<std::byte* const> outs) const = 0;
};

// The fastest that this processor can run.
const Kernel& fast_kernel();
// ISA-L with the widest vectors this processor has.
const Kernel& isal_kernel();
// Null where the processor lacks AVX-512 or GFNI.
const Kernel* gfni_kernel();
// One byte at a time.
const Kernel& scalar_kernel();

}  // namespace muster::fec
