// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/journal.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/prng.h"

namespace muster::content {
namespace {

Descriptor sample() {
    Descriptor descriptor{1000 * 100 - 5, 100, {}};
    for (std::size_t i = 0; i < descriptor.root.size(); ++i) {
        descriptor.root[i] = static_cast<std::byte>(i + 1);
    }
    return descriptor;
}

void append(Bytes& to, ByteSpan bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// Blocks 0-9, 20-29, 10-14, 999.
Bytes sample_journal() {
    Bytes encoded;
    append(encoded, Journal::encode_header(sample()));
    append(encoded, Journal::encode_record(0, 10));
    append(encoded, Journal::encode_record(20, 30));
    append(encoded, Journal::encode_record(10, 15));
    append(encoded, Journal::encode_record(999, 1000));
    return encoded;
}

TEST(Journal, IsByteForByteTheDocumentedFormat) {
    // Checksums computed by another program.
    EXPECT_EQ(to_hex(Journal::encode_header(sample())),
              "4d53544a00010000000000000001869b00000064"
              "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
              "d6e71f388b5c4108");
    EXPECT_EQ(to_hex(Journal::encode_record(20, 30)), "000000140000001e04211e4fbd6c7b7e");
}

TEST(Journal, GivesBackWhatWasRecorded) {
    const auto encoded = sample_journal();
    const auto journal = Journal::decode(encoded, sample());
    ASSERT_TRUE(journal.ok()) << journal.error().message();
    EXPECT_EQ(journal->blocks.to_string(), "0-14,20-29,999");
    EXPECT_EQ(journal->valid_bytes, encoded.size());
    EXPECT_EQ(journal->damage, "");

    const auto fresh = Journal::decode(Journal::encode_header(sample()), sample());
    ASSERT_TRUE(fresh.ok());
    EXPECT_TRUE(fresh->blocks.empty());
    EXPECT_EQ(fresh->damage, "");
}

TEST(Journal, CutOffAnywhereTheRecordsBeforeAreGood) {
    const auto encoded = sample_journal();
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        const Bytes shorter(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size));
        const auto journal = Journal::decode(shorter, sample());
        if (size < kJournalHeaderBytes) {
            ASSERT_FALSE(journal.ok()) << size;
            EXPECT_EQ(journal.error().code(), Errc::corrupt);
            continue;
        }
        ASSERT_TRUE(journal.ok()) << size;
        const auto whole = (size - kJournalHeaderBytes) / kJournalRecordBytes;
        EXPECT_EQ(journal->valid_bytes, kJournalHeaderBytes + whole * kJournalRecordBytes);
        EXPECT_EQ(journal->damage.empty(), journal->valid_bytes == size);
        constexpr std::uint64_t kCounts[] = {0, 10, 20, 25};
        EXPECT_EQ(journal->blocks.count(), kCounts[whole]);
    }
}

TEST(Journal, AFlippedBitEndsReadingAtItsRecord) {
    const auto encoded = sample_journal();
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
        auto changed = encoded;
        changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        const auto journal = Journal::decode(changed, sample());
        if (bit / 8 < kJournalHeaderBytes) {
            ASSERT_FALSE(journal.ok()) << bit;
            const bool in_version = bit / 8 == 4 || bit / 8 == 5;
            EXPECT_EQ(journal.error().code(), in_version ? Errc::version_mismatch : Errc::corrupt);
            continue;
        }
        ASSERT_TRUE(journal.ok()) << bit;
        const auto record = (bit / 8 - kJournalHeaderBytes) / kJournalRecordBytes;
        EXPECT_EQ(journal->valid_bytes, kJournalHeaderBytes + record * kJournalRecordBytes);
        EXPECT_NE(journal->damage.find("checksum"), std::string::npos) << journal->damage;
    }
}

TEST(Journal, AppendingAfterCuttingToTheGoodPartContinuesIt) {
    auto encoded = sample_journal();
    encoded.resize(encoded.size() - 3);
    const auto torn = Journal::decode(encoded, sample());
    ASSERT_TRUE(torn.ok());
    EXPECT_EQ(torn->damage, "record at byte 108: cut off; 13 bytes not used");
    encoded.resize(torn->valid_bytes);
    append(encoded, Journal::encode_record(500, 600));
    const auto journal = Journal::decode(encoded, sample());
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ(journal->blocks.to_string(), "0-14,20-29,500-599");
    EXPECT_EQ(journal->damage, "");
}

TEST(Journal, ZerosAndBlocksTheImageDoesNotHaveAreNoRecords) {
    Bytes encoded;
    append(encoded, Journal::encode_header(sample()));
    auto zeros = encoded;
    zeros.resize(zeros.size() + 4096);
    const auto after_zeros = Journal::decode(zeros, sample());
    ASSERT_TRUE(after_zeros.ok());
    EXPECT_TRUE(after_zeros->blocks.empty());
    EXPECT_NE(after_zeros->damage, "");

    append(encoded, Journal::encode_record(999, 1001));
    const auto beyond = Journal::decode(encoded, sample());
    ASSERT_TRUE(beyond.ok());
    EXPECT_TRUE(beyond->blocks.empty());
    EXPECT_NE(beyond->damage.find("does not have"), std::string::npos);
}

TEST(Journal, OfAnotherImageIsRefusedWithBothNames) {
    const auto encoded = sample_journal();
    auto other = sample();
    other.root[0] = std::byte{0xff};
    const auto result = Journal::decode(encoded, other);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Errc::corrupt);
    EXPECT_NE(result.error().message().find(image_id(sample())), std::string::npos);
    EXPECT_NE(result.error().message().find(image_id(other)), std::string::npos);
    other = sample();
    other.image_bytes += 1;
    EXPECT_EQ(Journal::decode(encoded, other).error().code(), Errc::corrupt);
    other.block_bytes = 0;
    EXPECT_EQ(Journal::decode(encoded, other).error().code(), Errc::invalid_argument);
}

TEST(Journal, RandomBytesNeverGiveBlocks) {
    Prng prng(3);
    for (int round = 0; round < 500; ++round) {
        Bytes encoded;
        if (round % 2 == 0) append(encoded, Journal::encode_header(sample()));
        for (auto n = prng.below(100); n > 0; --n) {
            encoded.push_back(static_cast<std::byte>(prng.next()));
        }
        const auto journal = Journal::decode(encoded, sample());
        if (journal.ok()) {
            EXPECT_TRUE(journal->blocks.empty());
        }
    }
}

}  // namespace
}  // namespace muster::content
