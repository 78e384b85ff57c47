// SPDX-License-Identifier: GPL-3.0-or-later
//
// What an image consists of: SHA-256 of every block, and one root that stands for all of it.
// A computer gets the root over TLS (32 bytes), the manifest by multicast like any other data
// (7 MB for 20 GB), and can then judge every single block before anybody uses it.
//
// The tree is that of RFC 9162, 2.1.1, with one more step that binds the two sizes:
//     leaf(i)  = SHA-256(0x00 | bytes of block i; the last block without padding)
//     node     = SHA-256(0x01 | left | right), left over the largest power of two below the count
//     root     = SHA-256(0x02 | image_bytes u64 | block_bytes u32 | top of the tree)
// The first byte keeps the three apart, so that no leaf can pass for a node.
//
// Encoded, in network order:
//      0  magic "MSTM"         8  image_bytes u64     20  block_count u32
//      4  version u16 = 1     16  block_bytes u32     24  leaf hashes, 32 bytes each
//      6  zero u16
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace muster::content {

// 64 symbols of 1408 bytes, and 11 of 8192, and 88 of 1024: one size for every symbol size.
inline constexpr std::uint32_t kBlockBytes = 90112;
// Larger ones would not fit in memory beside each other on a small computer.
inline constexpr std::uint32_t kMaxBlockBytes = 16U << 20;
inline constexpr std::size_t kManifestHeaderBytes = 24;

// All a receiver must know, and must have from a source it trusts, to verify the rest.
struct Descriptor {
    std::uint64_t image_bytes = 0;
    std::uint32_t block_bytes = 0;
    crypto::Digest root{};

    // Errc::invalid_argument: no bytes, a block size of 0 or above kMaxBlockBytes, or more blocks
    // than 32 bits count. A descriptor from outside is checked before anything else is asked.
    Status check() const;
    // These need a descriptor that passes check().
    std::uint32_t block_count() const;
    // Bytes of this block: block_bytes, or less for the last one.
    std::uint32_t block_length(std::uint32_t index) const;
    std::uint64_t block_offset(std::uint32_t index) const;

    bool operator==(const Descriptor&) const = default;
};

// The name of an image: its root as 64 hexadecimal digits.
std::string image_id(const Descriptor& descriptor);
// Errc::invalid_argument: not 64 hexadecimal digits.
Result<crypto::Digest> parse_image_id(std::string_view text);

crypto::Digest leaf_hash(ByteSpan block);

// Immutable. Indices handed to it must be below block_count().
class Manifest {
public:
    // From leaves hashed elsewhere (by several threads). Errc::invalid_argument as in
    // Descriptor::check(), or when the number of leaves is not that of the blocks.
    static Result<Manifest> from_leaves(std::uint64_t image_bytes, std::uint32_t block_bytes,
                                        std::vector<crypto::Digest> leaves);
    // Errc::corrupt says which field is not as expected; what decodes has exactly the root of
    // `expected`. Errc::version_mismatch: written by another version.
    static Result<Manifest> decode(ByteSpan encoded, const Descriptor& expected);

    Bytes encode() const;
    // The size encode() has, known before the manifest is. The sizes are those of a descriptor
    // that passes check().
    static std::size_t encoded_bytes(std::uint64_t image_bytes, std::uint32_t block_bytes);

    const Descriptor& descriptor() const { return descriptor_; }
    std::uint32_t block_count() const { return static_cast<std::uint32_t>(leaves_.size()); }
    const crypto::Digest& leaf(std::uint32_t index) const;
    std::uint32_t block_length(std::uint32_t index) const;
    // False also for a wrong length: the last block comes without padding.
    bool verify_block(std::uint32_t index, ByteSpan block) const;

private:
    Manifest(const Descriptor& descriptor, std::vector<crypto::Digest> leaves);

    Descriptor descriptor_;
    std::vector<crypto::Digest> leaves_;
};

// Makes a manifest of an image that comes in pieces of any size, once, from its start to its end.
class ManifestBuilder {
public:
    explicit ManifestBuilder(std::uint32_t block_bytes);
    void add(ByteSpan bytes);
    // The end. Errc::invalid_argument: there were no bytes, or more blocks than 32 bits count.
    Result<Manifest> finish();

private:
    void close_block();

    std::uint32_t block_bytes_;
    std::uint64_t image_bytes_ = 0;
    std::uint32_t open_bytes_ = 0;  // in the block that is being hashed
    crypto::Sha256Hasher hasher_;
    std::vector<crypto::Digest> leaves_;
};

}  // namespace muster::content
