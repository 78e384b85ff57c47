// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/manifest.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/hex.h"

namespace muster::content {
namespace {

constexpr std::uint32_t kMagic = 0x4d53544d;  // "MSTM"
constexpr std::uint16_t kVersion = 1;
constexpr std::array kLeafPrefix = {std::byte{0}};
constexpr std::array kNodePrefix = {std::byte{1}};
constexpr std::array kRootPrefix = {std::byte{2}};
constexpr std::size_t kLeafBytes = sizeof(crypto::Digest);

std::uint64_t count_blocks(std::uint64_t image_bytes, std::uint32_t block_bytes) {
    return image_bytes / block_bytes + (image_bytes % block_bytes != 0);
}

// Level by level: a pair becomes its node, a last one without partner rises as it is. That is the
// tree of RFC 9162 without its recursion.
crypto::Digest tree_top(std::vector<crypto::Digest> level) {
    crypto::Sha256Hasher hasher;
    while (level.size() > 1) {
        const auto count = level.size();
        for (std::size_t i = 0; i + 1 < count; i += 2) {
            hasher.update(kNodePrefix);
            hasher.update(level[i]);
            hasher.update(level[i + 1]);
            level[i / 2] = hasher.finish();
        }
        if (count % 2 != 0) level[count / 2] = level[count - 1];
        level.resize((count + 1) / 2);
    }
    return level.front();
}

crypto::Digest root_of(const Descriptor& sizes, const std::vector<crypto::Digest>& leaves) {
    std::array<std::byte, 12> encoded_sizes;
    ByteWriter(encoded_sizes).u64(sizes.image_bytes).u32(sizes.block_bytes);
    crypto::Sha256Hasher hasher;
    hasher.update(kRootPrefix);
    hasher.update(encoded_sizes);
    hasher.update(tree_top(leaves));
    return hasher.finish();
}

Error corrupt(const std::string& message) { return {Errc::corrupt, "manifest: " + message}; }

Status expect_field(std::string_view name, std::uint64_t found, std::uint64_t expected) {
    if (found == expected) return {};
    return corrupt(std::string(name) + " is " + std::to_string(found) + ", expected " +
                   std::to_string(expected));
}

Status check_header(ByteSpan encoded, const Descriptor& expected) {
    ByteReader reader(encoded);
    if (encoded.size() < kManifestHeaderBytes) {
        return corrupt("only " + std::to_string(encoded.size()) + " bytes, the header has " +
                       std::to_string(kManifestHeaderBytes));
    }
    if (reader.u32() != kMagic) return corrupt("does not begin with \"MSTM\"");
    const auto version = reader.u16();
    if (version != kVersion) {
        return Error(Errc::version_mismatch,
                     "manifest: has format version " + std::to_string(version) +
                         ", this program reads version " + std::to_string(kVersion));
    }
    TRY(expect_field("reserved field", reader.u16(), 0));
    TRY(expect_field("image size", reader.u64(), expected.image_bytes));
    TRY(expect_field("block size", reader.u32(), expected.block_bytes));
    TRY(expect_field("block count", reader.u32(), expected.block_count()));
    return expect_field("encoded size", encoded.size(),
                        Manifest::encoded_bytes(expected.image_bytes, expected.block_bytes));
}

}  // namespace

Status Descriptor::check() const {
    const auto refuse = [](const std::string& message) {
        return Error(Errc::invalid_argument, "image descriptor: " + message);
    };
    if (image_bytes == 0) return refuse("the image is empty");
    if (block_bytes == 0 || block_bytes > kMaxBlockBytes) {
        return refuse("a block size of " + std::to_string(block_bytes) +
                      " bytes, allowed are 1 to " + std::to_string(kMaxBlockBytes));
    }
    if (count_blocks(image_bytes, block_bytes) > std::numeric_limits<std::uint32_t>::max()) {
        return refuse(std::to_string(image_bytes) + " bytes in blocks of " +
                      std::to_string(block_bytes) + " are more than 4294967295 blocks");
    }
    return {};
}

std::uint32_t Descriptor::block_count() const {
    return static_cast<std::uint32_t>(count_blocks(image_bytes, block_bytes));
}

std::uint32_t Descriptor::block_length(std::uint32_t index) const {
    const auto offset = block_offset(index);
    CHECK(offset < image_bytes);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(block_bytes, image_bytes - offset));
}

std::uint64_t Descriptor::block_offset(std::uint32_t index) const {
    return std::uint64_t{index} * block_bytes;
}

std::string image_id(const Descriptor& descriptor) { return to_hex(descriptor.root); }

Result<crypto::Digest> parse_image_id(std::string_view text) {
    crypto::Digest root;
    if (text.size() != 2 * root.size()) {
        return Error(Errc::invalid_argument, "image id: has " + std::to_string(text.size()) +
                                                 " characters, expected 64 hexadecimal digits");
    }
    const auto bytes = TRY(from_hex(text).context("image id"));
    std::ranges::copy(bytes, root.begin());
    return root;
}

crypto::Digest leaf_hash(ByteSpan block) {
    crypto::Sha256Hasher hasher;
    hasher.update(kLeafPrefix);
    hasher.update(block);
    return hasher.finish();
}

Manifest::Manifest(const Descriptor& descriptor, std::vector<crypto::Digest> leaves)
    : descriptor_(descriptor), leaves_(std::move(leaves)) {}

Result<Manifest> Manifest::from_leaves(std::uint64_t image_bytes, std::uint32_t block_bytes,
                                       std::vector<crypto::Digest> leaves) {
    Descriptor descriptor{image_bytes, block_bytes, {}};
    TRY(descriptor.check());
    if (leaves.size() != descriptor.block_count()) {
        return Error(Errc::invalid_argument,
                     "manifest: " + std::to_string(leaves.size()) + " leaves for " +
                         std::to_string(descriptor.block_count()) + " blocks");
    }
    descriptor.root = root_of(descriptor, leaves);
    return Manifest(descriptor, std::move(leaves));
}

Result<Manifest> Manifest::decode(ByteSpan encoded, const Descriptor& expected) {
    TRY(expected.check());
    TRY(check_header(encoded, expected));
    std::vector<crypto::Digest> leaves(expected.block_count());
    auto hashes = encoded.subspan(kManifestHeaderBytes);
    for (auto& leaf : leaves) {
        std::ranges::copy(hashes.first(kLeafBytes), leaf.begin());
        hashes = hashes.subspan(kLeafBytes);
    }
    const auto root = root_of(expected, leaves);
    if (root != expected.root) {
        return corrupt("its leaf hashes give the image " + to_hex(root) + ", expected " +
                       image_id(expected));
    }
    return Manifest(expected, std::move(leaves));
}

Bytes Manifest::encode() const {
    Bytes encoded(encoded_bytes(descriptor_.image_bytes, descriptor_.block_bytes));
    ByteWriter writer(encoded);
    writer.u32(kMagic).u16(kVersion).u16(0);
    writer.u64(descriptor_.image_bytes).u32(descriptor_.block_bytes).u32(block_count());
    for (const auto& leaf : leaves_) writer.bytes(leaf);
    CHECK(writer.size() == encoded.size());
    return encoded;
}

std::size_t Manifest::encoded_bytes(std::uint64_t image_bytes, std::uint32_t block_bytes) {
    CHECK(block_bytes != 0);
    return kManifestHeaderBytes + count_blocks(image_bytes, block_bytes) * kLeafBytes;
}

const crypto::Digest& Manifest::leaf(std::uint32_t index) const {
    CHECK(index < leaves_.size());
    return leaves_[index];
}

std::uint32_t Manifest::block_length(std::uint32_t index) const {
    return descriptor_.block_length(index);
}

bool Manifest::verify_block(std::uint32_t index, ByteSpan block) const {
    return block.size() == block_length(index) && leaf_hash(block) == leaf(index);
}

ManifestBuilder::ManifestBuilder(std::uint32_t block_bytes) : block_bytes_(block_bytes) {
    CHECK(block_bytes >= 1 && block_bytes <= kMaxBlockBytes);
}

void ManifestBuilder::add(ByteSpan bytes) {
    image_bytes_ += bytes.size();
    while (!bytes.empty()) {
        if (open_bytes_ == 0) hasher_.update(kLeafPrefix);
        const auto piece =
            bytes.first(std::min<std::size_t>(bytes.size(), block_bytes_ - open_bytes_));
        hasher_.update(piece);
        open_bytes_ += static_cast<std::uint32_t>(piece.size());
        if (open_bytes_ == block_bytes_) close_block();
        bytes = bytes.subspan(piece.size());
    }
}

Result<Manifest> ManifestBuilder::finish() {
    if (open_bytes_ != 0) close_block();
    return Manifest::from_leaves(image_bytes_, block_bytes_, std::move(leaves_));
}

void ManifestBuilder::close_block() {
    leaves_.push_back(hasher_.finish());
    open_bytes_ = 0;
}

}  // namespace muster::content
