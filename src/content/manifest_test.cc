// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/manifest.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/hex.h"
#include "base/prng.h"

namespace muster::content {
namespace {

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
    Prng prng(seed);
    Bytes bytes(size);
    for (auto& b : bytes) b = static_cast<std::byte>(prng.next());
    return bytes;
}

Manifest build(ByteSpan image, std::uint32_t block_bytes) {
    ManifestBuilder builder(block_bytes);
    builder.add(image);
    return builder.finish().value();
}

// RFC 9162, 2.1.1, word by word.
crypto::Digest rfc_tree(std::span<const crypto::Digest> leaves) {
    if (leaves.size() == 1) return leaves.front();
    const auto left_count = std::bit_floor(leaves.size() - 1);
    Bytes node = {std::byte{1}};
    const auto left = rfc_tree(leaves.first(left_count));
    const auto right = rfc_tree(leaves.subspan(left_count));
    node.insert(node.end(), left.begin(), left.end());
    node.insert(node.end(), right.begin(), right.end());
    return crypto::sha256(node);
}

TEST(Manifest, RootIsTheDocumentedTreeForAnyNumberOfBlocks) {
    for (std::size_t count = 1; count <= 70; ++count) {
        const auto image = random_bytes(count, count * 10 - count % 7);
        const auto manifest = build(image, 10);
        ASSERT_EQ(manifest.block_count(), count);
        std::vector<crypto::Digest> leaves;
        for (std::size_t at = 0; at < image.size(); at += 10) {
            Bytes leaf = {std::byte{0}};
            const auto end = std::min(at + 10, image.size());
            leaf.insert(leaf.end(), image.begin() + static_cast<std::ptrdiff_t>(at),
                        image.begin() + static_cast<std::ptrdiff_t>(end));
            leaves.push_back(crypto::sha256(leaf));
            EXPECT_EQ(manifest.leaf(static_cast<std::uint32_t>(leaves.size() - 1)), leaves.back());
        }
        Bytes top(13);
        ByteWriter(top).u8(2).u64(image.size()).u32(10);
        const auto tree = rfc_tree(leaves);
        top.insert(top.end(), tree.begin(), tree.end());
        EXPECT_EQ(manifest.descriptor().root, crypto::sha256(top)) << count;
    }
}

TEST(Manifest, RootOfAKnownImageNeverChanges) {
    // 0, 1, 2 ... 250, 0, 1 ... : 200,000 bytes in three blocks. Computed by another program.
    Bytes image(200000);
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::byte>(i % 251);
    const auto manifest = build(image, kBlockBytes);
    EXPECT_EQ(image_id(manifest.descriptor()),
              "21285d34539e7051b926a286f67328dda8d69691223a4ce6f1f0bd5535e1a14e");
    EXPECT_EQ(to_hex(ByteSpan(manifest.encode()).first(kManifestHeaderBytes)),
              "4d53544d000100000000000000030d400001600000000003");
}

TEST(Manifest, PiecesOfAnySizeGiveTheSameManifest) {
    const auto image = random_bytes(1, 5003);
    const auto expected = build(image, 64);
    Prng prng(2);
    for (int round = 0; round < 50; ++round) {
        ManifestBuilder builder(64);
        for (std::size_t at = 0; at < image.size();) {
            const auto piece = std::min<std::size_t>(prng.below(200), image.size() - at);
            builder.add(ByteSpan(image).subspan(at, piece));
            at += piece;
        }
        EXPECT_EQ(builder.finish().value().encode(), expected.encode());
    }
}

TEST(Manifest, HashesMadeElsewhereGiveTheSameManifest) {
    const auto image = random_bytes(3, 1000);
    const auto expected = build(image, 300);
    std::vector<crypto::Digest> leaves;
    for (std::size_t at = 0; at < 1000; at += 300) {
        leaves.push_back(
            leaf_hash(ByteSpan(image).subspan(at, std::min<std::size_t>(300, 1000 - at))));
    }
    EXPECT_EQ(Manifest::from_leaves(1000, 300, leaves).value().encode(), expected.encode());
    leaves.pop_back();
    EXPECT_EQ(Manifest::from_leaves(1000, 300, leaves).error().code(), Errc::invalid_argument);
}

TEST(Manifest, AnEmptyImageIsRefused) {
    ManifestBuilder builder(kBlockBytes);
    builder.add({});
    const auto result = builder.finish();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Errc::invalid_argument);
    EXPECT_NE(result.error().message().find("empty"), std::string::npos);
}

TEST(Manifest, ABlockIsVerifiedByItsBytesItsLengthAndItsPlace) {
    const auto image = random_bytes(4, 250);
    const auto manifest = build(image, 100);
    const ByteSpan all(image);
    EXPECT_EQ(manifest.block_length(0), 100U);
    EXPECT_EQ(manifest.block_length(2), 50U);
    EXPECT_EQ(manifest.descriptor().block_offset(2), 200U);
    EXPECT_TRUE(manifest.verify_block(0, all.first(100)));
    EXPECT_TRUE(manifest.verify_block(1, all.subspan(100, 100)));
    EXPECT_TRUE(manifest.verify_block(2, all.subspan(200)));
    EXPECT_FALSE(manifest.verify_block(1, all.first(100)));
    EXPECT_FALSE(manifest.verify_block(0, all.first(99)));
    EXPECT_FALSE(manifest.verify_block(0, all.first(101)));
    EXPECT_FALSE(manifest.verify_block(0, {}));
    Bytes padded(all.begin() + 200, all.end());
    padded.resize(100);
    EXPECT_FALSE(manifest.verify_block(2, padded));
    for (std::size_t bit = 0; bit < 50 * 8; ++bit) {
        Bytes changed(all.begin() + 200, all.end());
        changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_FALSE(manifest.verify_block(2, changed));
    }
}

TEST(Manifest, DecodesWhatItEncodes) {
    for (std::size_t size : {1, 99, 100, 101, 1000, 12345}) {
        const auto manifest = build(random_bytes(size, size), 100);
        const auto encoded = manifest.encode();
        EXPECT_EQ(encoded.size(), Manifest::encoded_bytes(size, 100));
        const auto decoded = Manifest::decode(encoded, manifest.descriptor());
        ASSERT_TRUE(decoded.ok()) << decoded.error().message();
        EXPECT_EQ(decoded->descriptor(), manifest.descriptor());
        EXPECT_EQ(decoded->encode(), encoded);
    }
}

TEST(Manifest, RefusesEveryTruncationAndEveryAppendedByte) {
    const auto manifest = build(random_bytes(5, 350), 100);
    const auto encoded = manifest.encode();
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        const Bytes shorter(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size));
        const auto result = Manifest::decode(shorter, manifest.descriptor());
        ASSERT_FALSE(result.ok()) << size;
        EXPECT_EQ(result.error().code(), Errc::corrupt);
    }
    auto longer = encoded;
    longer.push_back(std::byte{0});
    EXPECT_EQ(Manifest::decode(longer, manifest.descriptor()).error().code(), Errc::corrupt);
}

TEST(Manifest, RefusesEveryFlippedBit) {
    const auto manifest = build(random_bytes(6, 350), 100);
    const auto encoded = manifest.encode();
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
        auto changed = encoded;
        changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        const auto result = Manifest::decode(changed, manifest.descriptor());
        ASSERT_FALSE(result.ok()) << "bit " << bit;
        const bool in_version = bit / 8 == 4 || bit / 8 == 5;
        EXPECT_EQ(result.error().code(), in_version ? Errc::version_mismatch : Errc::corrupt);
    }
}

TEST(Manifest, SaysWhatIsNotAsExpected) {
    const auto manifest = build(random_bytes(7, 350), 100);
    const auto encoded = manifest.encode();
    const auto message = [&](const Descriptor& expected) {
        return Manifest::decode(encoded, expected).error().message();
    };
    auto other = manifest.descriptor();
    other.image_bytes = 351;
    EXPECT_EQ(message(other), "manifest: image size is 350, expected 351");
    other = manifest.descriptor();
    other.block_bytes = 99;
    EXPECT_EQ(message(other), "manifest: block size is 100, expected 99");
    other = manifest.descriptor();
    other.root[31] ^= std::byte{1};
    EXPECT_EQ(message(other), "manifest: its leaf hashes give the image " +
                                  image_id(manifest.descriptor()) + ", expected " +
                                  image_id(other));
}

TEST(Descriptor, ImpossibleSizesAreRefusedBeforeTheyAreUsed) {
    const auto refused = [](std::uint64_t image_bytes, std::uint32_t block_bytes) {
        const Descriptor descriptor{image_bytes, block_bytes, {}};
        const auto status = descriptor.check();
        return !status.ok() && status.error().code() == Errc::invalid_argument &&
               !Manifest::decode(Bytes(100), descriptor).ok();
    };
    EXPECT_TRUE(refused(0, kBlockBytes));
    EXPECT_TRUE(refused(1, 0));
    EXPECT_TRUE(refused(1, kMaxBlockBytes + 1));
    EXPECT_TRUE(refused(~std::uint64_t{0}, kBlockBytes));
    EXPECT_TRUE(refused((1ULL << 32) - 1 + 1, 1));
    const auto allowed = [](std::uint64_t image_bytes, std::uint32_t block_bytes) {
        return Descriptor{image_bytes, block_bytes, {}}.check().ok();
    };
    EXPECT_TRUE(allowed(1, 1));
    EXPECT_TRUE(allowed((1ULL << 32) - 1, 1));
    EXPECT_TRUE(allowed(20ULL << 30, kBlockBytes));
}

TEST(Descriptor, AnImageIdIsReadBackAndAnythingElseRefused) {
    const auto descriptor = build(random_bytes(8, 10), 10).descriptor();
    EXPECT_EQ(parse_image_id(image_id(descriptor)).value(), descriptor.root);
    EXPECT_EQ(parse_image_id("abc").error().code(), Errc::invalid_argument);
    EXPECT_EQ(parse_image_id(std::string(64, 'g')).error().code(), Errc::invalid_argument);
    EXPECT_EQ(parse_image_id(std::string(66, 'a')).error().code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace muster::content
