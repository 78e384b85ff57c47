// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "base/check.h"
#include "content/journal.h"
#include "content/manifest.h"
#include "properties.h"

namespace muster::fuzz {

namespace {

// The sizes and leaves that `input` claims, with the root that these have.
Result<content::Manifest> as_claimed(ByteSpan input) {
    ByteReader in(input);
    in.u64();
    const std::uint64_t image_bytes = in.u64();
    const std::uint32_t block_bytes = in.u32();
    in.u32();
    std::vector<crypto::Digest> leaves;
    while (in.remaining() >= sizeof(crypto::Digest)) {
        const ByteSpan leaf = in.bytes(sizeof(crypto::Digest));
        std::copy(leaf.begin(), leaf.end(), leaves.emplace_back().begin());
    }
    return content::Manifest::from_leaves(image_bytes, block_bytes, std::move(leaves));
}

void check_journal_of(ByteSpan journal, const content::Descriptor& descriptor) {
    const auto decoded = content::Journal::decode(journal, descriptor);
    if (!decoded.ok()) return;
    CHECK(decoded->valid_bytes <= journal.size());
    CHECK(decoded->valid_bytes >= content::kJournalHeaderBytes);
    for (const auto& [begin, end] : decoded->blocks.runs()) {
        CHECK(begin < end && end <= descriptor.block_count());
    }
    const auto again = content::Journal::decode(journal.first(decoded->valid_bytes), descriptor);
    CHECK(again.ok() && again->damage.empty());
    CHECK(again->blocks == decoded->blocks);
    CHECK(decoded->damage.empty() == (decoded->valid_bytes == journal.size()));
}

}  // namespace

void check_manifest(ByteSpan input) {
    const content::Descriptor other{1'000'000, content::kBlockBytes, {}};
    CHECK(!content::Manifest::decode(input, other).ok());
    const auto claimed = as_claimed(input);
    if (!claimed.ok()) return;
    const auto decoded = content::Manifest::decode(input, claimed->descriptor());
    if (!decoded.ok()) return;
    CHECK(decoded->descriptor() == claimed->descriptor());
    const Bytes encoded = decoded->encode();
    CHECK(std::equal(encoded.begin(), encoded.end(), input.begin(), input.end()));
}

void check_journal(ByteSpan input) {
    const content::Descriptor descriptor{1'000'000, 1000, {}};
    check_journal_of(input, descriptor);
    const auto header = content::Journal::encode_header(descriptor);
    Bytes journal(header.begin(), header.end());
    journal.insert(journal.end(), input.begin(), input.end());
    check_journal_of(journal, descriptor);
    journal.resize(header.size());
    for (ByteReader in(input); in.remaining() >= 4;) {
        const auto begin = in.u16();
        const auto record = content::Journal::encode_record(begin, begin + 1u + in.u16());
        journal.insert(journal.end(), record.begin(), record.end());
    }
    check_journal_of(journal, descriptor);
}

}  // namespace muster::fuzz
