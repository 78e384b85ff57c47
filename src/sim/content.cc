// SPDX-License-Identifier: GPL-3.0-or-later
#include "sim/content.h"

#include <algorithm>

#include "base/check.h"
#include "base/prng.h"

namespace muster::sim {

mcast::Layout Content::make_layout(const SimulationOptions& options) {
    mcast::LayoutOptions layout;
    layout.image_bytes = options.image_bytes;
    layout.manifest_bytes =
        content::Manifest::encoded_bytes(options.image_bytes, options.block_bytes);
    layout.block_bytes = options.block_bytes;
    layout.symbol_bytes = options.symbol_bytes;
    layout.stretch_blocks_log2 = options.stretch_blocks_log2;
    return mcast::Layout::create(layout).value();
}

Content::Content(const SimulationOptions& options) : layout_(make_layout(options)) {
    if (options.payload == PayloadMode::identity) return;
    Prng prng(mix64(options.seed ^ 0x1ca6e));
    image_.resize(options.image_bytes);
    for (std::size_t i = 0; i < image_.size(); i += 8) {
        const std::uint64_t word = prng.next();
        const std::size_t count = std::min<std::size_t>(8, image_.size() - i);
        for (std::size_t j = 0; j < count; ++j) {
            image_[i + j] = static_cast<std::byte>(word >> (8 * j));
        }
    }
    content::ManifestBuilder builder(options.block_bytes);
    builder.add(image_);
    const content::Manifest manifest = builder.finish().value();
    descriptor_ = manifest.descriptor();
    manifest_bytes_ = manifest.encode();
    CHECK(manifest_bytes_.size() == layout_.options().manifest_bytes);
}

ByteSpan Content::block(mcast::BlockIndex block) const {
    const Bytes& object = layout_.is_manifest(block) ? manifest_bytes_ : image_;
    const std::size_t start =
        std::size_t{layout_.index_in_object(block)} * layout_.options().block_bytes;
    return ByteSpan(object).subspan(start, layout_.block_length_bytes(block));
}

void Content::copy_symbol(mcast::BlockIndex index, std::uint32_t symbol,
                          MutableByteSpan out) const {
    const ByteSpan bytes = block(index);
    const std::size_t start = std::size_t{symbol} * layout_.symbol_bytes();
    CHECK(start < bytes.size());
    const std::size_t count = std::min<std::size_t>(layout_.symbol_bytes(), bytes.size() - start);
    std::copy_n(bytes.begin() + start, count, out.begin());
    std::fill(out.begin() + count, out.end(), std::byte{0});
}

}  // namespace muster::sim
