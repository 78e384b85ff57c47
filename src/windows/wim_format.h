// SPDX-License-Identifier: GPL-3.0-or-later
//
// The parts of a WIM file that we read or write ourselves: header, resource headers, the blob
// table, and the framing of the pipable variant. libwim opens and applies WIM files; but it cannot
// say why a file is truncated, cannot turn a WIM into a pipable one without compressing
// everything again, and cannot open a file whose end it does not see.
//
// Sources: Microsoft, "Windows Imaging File Format (WIM)"; the pipable variant is described in
// libwim (magic "WLPWM", full header at the end of the file, each resource preceded by its SHA-1).
// All integers are little endian.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "windows/file.h"

namespace muster::windows {

constexpr std::size_t kWimHeaderBytes = 208;
constexpr std::size_t kBlobEntryBytes = 50;
constexpr std::size_t kPipeBlobHeaderBytes = 40;
constexpr std::size_t kPipeChunkHeaderBytes = 4;

constexpr std::uint32_t kWimVersionDefault = 0x10d00;
constexpr std::uint32_t kWimVersionSolid = 0xe00;

constexpr std::uint32_t kWimFlagCompressed = 0x2;
constexpr std::uint32_t kWimFlagWriteInProgress = 0x40;
constexpr std::uint32_t kWimFlagReparseFix = 0x80;
constexpr std::uint32_t kWimFlagXpress = 0x20000;
constexpr std::uint32_t kWimFlagLzx = 0x40000;
constexpr std::uint32_t kWimFlagLzms = 0x80000;

constexpr std::uint8_t kResourceMetadata = 0x02;
constexpr std::uint8_t kResourceCompressed = 0x04;
constexpr std::uint8_t kResourceSolid = 0x10;

struct ResourceHeader {
    std::uint64_t stored_bytes = 0;  // 56 bits in the file
    std::uint8_t flags = 0;
    std::uint64_t offset = 0;
    std::uint64_t original_bytes = 0;
};

struct WimHeader {
    bool pipable = false;
    std::uint32_t version = kWimVersionDefault;
    std::uint32_t flags = 0;
    std::uint32_t chunk_bytes = 0;
    std::array<std::byte, 16> guid{};
    std::uint16_t part_number = 1;
    std::uint16_t total_parts = 1;
    std::uint32_t image_count = 0;
    ResourceHeader blob_table;
    ResourceHeader xml;
    ResourceHeader boot_metadata;
    std::uint32_t boot_index = 0;
    ResourceHeader integrity;
};

struct BlobEntry {
    ResourceHeader resource;
    std::uint16_t part_number = 1;
    std::uint32_t reference_count = 0;
    crypto::Sha1Digest sha1{};
};

// Reads and judges the header that counts: the first, or in a pipable file the last. `name` is for
// messages. Errc::invalid_argument: not a WIM, or a part of a split one; Errc::corrupt: truncated
// or contradictory.
Result<WimHeader> read_wim_header(const std::string& name, std::uint64_t size_bytes,
                                  const ReadAt& read_at);

std::array<std::byte, kWimHeaderBytes> serialize(const WimHeader& header);
std::array<std::byte, kBlobEntryBytes> serialize(const BlobEntry& entry);
// The frame before a resource in a pipable file.
std::array<std::byte, kPipeBlobHeaderBytes> pipe_blob_header(const BlobEntry& entry);

// Every entry of an uncompressed blob table (others: Errc::corrupt), a few thousand at a time.
Status for_each_blob(const std::string& name, const WimHeader& header, const ReadAt& read_at,
                     const std::function<Status(const BlobEntry&)>& visit);

// Where a compressed resource keeps its chunk offsets: one less than it has chunks, 4 bytes each,
// or 8 from 4 GiB on.
struct ChunkTable {
    std::uint64_t chunk_count = 0;
    std::uint64_t entry_bytes = 0;
    std::uint64_t table_bytes() const { return (chunk_count - 1) * entry_bytes; }
};
ChunkTable chunk_table_of(std::uint64_t original_bytes, std::uint32_t chunk_bytes);

std::uint64_t load_little_endian(ByteSpan bytes);
void store_little_endian(MutableByteSpan bytes, std::uint64_t value);

}  // namespace muster::windows
