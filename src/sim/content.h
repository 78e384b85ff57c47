// SPDX-License-Identifier: GPL-3.0-or-later
//
// The image of a simulated session: in bytes mode real bytes from the seed with their manifest, in
// identity mode only sizes.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "content/manifest.h"
#include "mcast/layout.h"
#include "sim/options.h"

namespace muster::sim {

class Content {
public:
    explicit Content(const SimulationOptions& options);

    const mcast::Layout& layout() const { return layout_; }
    bool has_bytes() const { return !image_.empty(); }
    const Bytes& image() const { return image_; }
    const Bytes& manifest() const { return manifest_bytes_; }
    const content::Descriptor& descriptor() const { return descriptor_; }
    // The bytes of a block, of either object; bytes mode only.
    ByteSpan block(mcast::BlockIndex block) const;
    // A symbol as it is sent, padded with zeros; `out` has symbol_bytes.
    void copy_symbol(mcast::BlockIndex block, std::uint32_t symbol, MutableByteSpan out) const;

private:
    static mcast::Layout make_layout(const SimulationOptions& options);

    mcast::Layout layout_;
    Bytes image_;
    Bytes manifest_bytes_;
    content::Descriptor descriptor_;
};

}  // namespace muster::sim
