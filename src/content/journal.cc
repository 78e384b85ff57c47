// SPDX-License-Identifier: GPL-3.0-or-later
#include "content/journal.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace muster::content {
namespace {

constexpr std::uint32_t kMagic = 0x4d53544a;  // "MSTJ"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::byte kHeaderDomain{0x10};
constexpr std::byte kRecordDomain{0x11};

std::uint64_t checksum(std::byte domain, ByteSpan content) {
    crypto::Sha256Hasher hasher;
    hasher.update({&domain, 1});
    hasher.update(content);
    const auto digest = hasher.finish();
    return ByteReader(digest).u64();
}

bool checksum_fits(std::byte domain, ByteSpan with_checksum) {
    const auto content = with_checksum.first(with_checksum.size() - kChecksumBytes);
    return ByteReader(with_checksum.last(kChecksumBytes)).u64() == checksum(domain, content);
}

Error corrupt(const std::string& message) { return {Errc::corrupt, "journal: " + message}; }

Status check_header(ByteSpan encoded, const Descriptor& expected) {
    if (encoded.size() < kJournalHeaderBytes) {
        return corrupt("only " + std::to_string(encoded.size()) + " bytes, the header has " +
                       std::to_string(kJournalHeaderBytes));
    }
    ByteReader reader(encoded);
    if (reader.u32() != kMagic) return corrupt("does not begin with \"MSTJ\"");
    const auto version = reader.u16();
    if (version != kVersion) {
        return Error(Errc::version_mismatch,
                     "journal: has format version " + std::to_string(version) +
                         ", this program reads version " + std::to_string(kVersion));
    }
    if (!checksum_fits(kHeaderDomain, encoded.first(kJournalHeaderBytes))) {
        return corrupt("the header is damaged (its checksum does not fit)");
    }
    reader.u16();  // for later versions
    Descriptor found;
    found.image_bytes = reader.u64();
    found.block_bytes = reader.u32();
    std::ranges::copy(reader.bytes(found.root.size()), found.root.begin());
    if (found == expected) return {};
    return corrupt("belongs to another image: " + image_id(found) + " of " +
                   std::to_string(found.image_bytes) + " bytes in blocks of " +
                   std::to_string(found.block_bytes) + ", expected " + image_id(expected) + " of " +
                   std::to_string(expected.image_bytes) + " bytes in blocks of " +
                   std::to_string(expected.block_bytes));
}

}  // namespace

JournalHeader Journal::encode_header(const Descriptor& descriptor) {
    JournalHeader header;
    ByteWriter writer(header);
    writer.u32(kMagic).u16(kVersion).u16(0);
    writer.u64(descriptor.image_bytes).u32(descriptor.block_bytes).bytes(descriptor.root);
    writer.u64(checksum(kHeaderDomain, writer.written()));
    CHECK(writer.size() == header.size());
    return header;
}

JournalRecord Journal::encode_record(std::uint32_t begin, std::uint32_t end) {
    CHECK(begin < end);
    JournalRecord record;
    ByteWriter writer(record);
    writer.u32(begin).u32(end);
    writer.u64(checksum(kRecordDomain, writer.written()));
    CHECK(writer.size() == record.size());
    return record;
}

Result<Journal> Journal::decode(ByteSpan encoded, const Descriptor& expected) {
    TRY(expected.check());
    TRY(check_header(encoded, expected));
    Journal journal;
    journal.valid_bytes = kJournalHeaderBytes;
    while (journal.valid_bytes < encoded.size()) {
        const auto rest = encoded.subspan(journal.valid_bytes);
        const auto damaged = [&](std::string_view what) {
            journal.damage = "record at byte " + std::to_string(journal.valid_bytes) + ": " +
                             std::string(what) + "; " + std::to_string(rest.size()) +
                             " bytes not used";
        };
        if (rest.size() < kJournalRecordBytes) {
            damaged("cut off");
            break;
        }
        const auto record = rest.first(kJournalRecordBytes);
        if (!checksum_fits(kRecordDomain, record)) {
            damaged("its checksum does not fit");
            break;
        }
        ByteReader reader(record);
        const auto begin = reader.u32();
        const auto end = reader.u32();
        if (begin >= end || end > expected.block_count()) {
            damaged("names blocks the image does not have");
            break;
        }
        journal.blocks.add(begin, end);
        journal.valid_bytes += kJournalRecordBytes;
    }
    return journal;
}

}  // namespace muster::content
