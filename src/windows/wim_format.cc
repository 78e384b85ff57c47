// SPDX-License-Identifier: GPL-3.0-or-later
//
// Offsets in the header: magic 0, header size 8, version 12, flags 16, chunk size 20, GUID 24, part
// 40, parts 42, images 44, then the resource headers (24 bytes) of blob table 48, XML 72 and boot
// metadata 96, boot index 120, integrity table 124, 60 unused bytes.
#include "windows/wim_format.h"

#include <algorithm>
#include <cstring>

#include "base/hex.h"

namespace muster::windows {
namespace {

constexpr char kWimMagic[8] = {'M', 'S', 'W', 'I', 'M', 0, 0, 0};
constexpr char kPipableMagic[8] = {'W', 'L', 'P', 'W', 'M', 0, 0, 0};
constexpr std::uint64_t kPipeBlobMagic = 0x2b9b9ba2443db9d8;
constexpr std::size_t kBlobEntriesAtOnce = 4096;

std::uint64_t field(ByteSpan bytes, std::size_t offset, std::size_t count) {
    return load_little_endian(bytes.subspan(offset, count));
}

bool has_magic(ByteSpan bytes, const char (&magic)[8]) {
    return bytes.size() >= 8 && std::memcmp(bytes.data(), magic, 8) == 0;
}

ResourceHeader parse_resource(ByteSpan bytes) {
    ResourceHeader out;
    out.stored_bytes = field(bytes, 0, 7);
    out.flags = std::to_integer<std::uint8_t>(bytes[7]);
    out.offset = field(bytes, 8, 8);
    out.original_bytes = field(bytes, 16, 8);
    return out;
}

void store_resource(MutableByteSpan bytes, const ResourceHeader& resource) {
    store_little_endian(bytes.subspan(0, 7), resource.stored_bytes);
    bytes[7] = std::byte{resource.flags};
    store_little_endian(bytes.subspan(8, 8), resource.offset);
    store_little_endian(bytes.subspan(16, 8), resource.original_bytes);
}

WimHeader parse_header(ByteSpan bytes) {
    WimHeader out;
    out.pipable = has_magic(bytes, kPipableMagic);
    out.version = static_cast<std::uint32_t>(field(bytes, 12, 4));
    out.flags = static_cast<std::uint32_t>(field(bytes, 16, 4));
    out.chunk_bytes = static_cast<std::uint32_t>(field(bytes, 20, 4));
    std::copy_n(bytes.begin() + 24, 16, out.guid.begin());
    out.part_number = static_cast<std::uint16_t>(field(bytes, 40, 2));
    out.total_parts = static_cast<std::uint16_t>(field(bytes, 42, 2));
    out.image_count = static_cast<std::uint32_t>(field(bytes, 44, 4));
    out.blob_table = parse_resource(bytes.subspan(48));
    out.xml = parse_resource(bytes.subspan(72));
    out.boot_metadata = parse_resource(bytes.subspan(96));
    out.boot_index = static_cast<std::uint32_t>(field(bytes, 120, 4));
    out.integrity = parse_resource(bytes.subspan(124));
    return out;
}

// The first bytes as a person can recognise them: "MZ" or 7f 45 4c 46.
std::string beginning(ByteSpan bytes) {
    auto first = bytes.first(std::min<std::size_t>(bytes.size(), 8));
    bool printable = std::all_of(first.begin(), first.end(), [](std::byte b) {
        return b >= std::byte{0x20} && b < std::byte{0x7f};
    });
    if (first.empty()) return "nothing (it is empty)";
    return printable ? '"' + std::string(as_text(first)) + '"' : "bytes " + to_hex(first);
}

Error truncated(const std::string& name, const std::string& what, std::uint64_t end,
                std::uint64_t size_bytes) {
    return {Errc::corrupt, name + " is truncated or damaged: its " + what + " ends at byte " +
                               std::to_string(end) + ", the file has " +
                               std::to_string(size_bytes) + " bytes; copy it again"};
}

Status check_bounds(const std::string& name, const std::string& what,
                    const ResourceHeader& resource, std::uint64_t size_bytes) {
    if (resource.offset > size_bytes || resource.stored_bytes > size_bytes - resource.offset) {
        return truncated(name, what, resource.offset + resource.stored_bytes, size_bytes);
    }
    if ((resource.flags & kResourceCompressed) == 0 &&
        resource.stored_bytes != resource.original_bytes) {
        return Error(Errc::corrupt, name + " is damaged: the two sizes of its " + what +
                                        " contradict each other; copy it again");
    }
    return {};
}

Status judge(const std::string& name, ByteSpan raw, const WimHeader& header,
             std::uint64_t size_bytes) {
    if (field(raw, 8, 4) != kWimHeaderBytes) {
        return Error(Errc::corrupt, name + " has a damaged WIM header");
    }
    if (header.version != kWimVersionDefault && header.version != kWimVersionSolid) {
        return Error(Errc::invalid_argument,
                     name + " is a WIM file of a version that is not supported (" +
                         std::to_string(header.version) + ")");
    }
    if (header.total_parts != 1 || header.part_number != 1) {
        return Error(Errc::invalid_argument,
                     name + " is part " + std::to_string(header.part_number) + " of " +
                         std::to_string(header.total_parts) +
                         " of a split WIM: join the parts first (wimlib-imagex join)");
    }
    if ((header.flags & kWimFlagWriteInProgress) != 0 || header.blob_table.stored_bytes == 0 ||
        header.xml.stored_bytes == 0) {
        return Error(Errc::corrupt, name +
                                        " was never written to its end (its header says so): "
                                        "copy or capture it again");
    }
    TRY(check_bounds(name, "blob table", header.blob_table, size_bytes));
    TRY(check_bounds(name, "XML data", header.xml, size_bytes));
    return check_bounds(name, "integrity table", header.integrity, size_bytes);
}

}  // namespace

std::uint64_t load_little_endian(ByteSpan bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return value;
}

void store_little_endian(MutableByteSpan bytes, std::uint64_t value) {
    for (std::byte& b : bytes) {
        b = static_cast<std::byte>(value & 0xff);
        value >>= 8;
    }
}

Result<WimHeader> read_wim_header(const std::string& name, std::uint64_t size_bytes,
                                  const ReadAt& read_at) {
    std::array<std::byte, kWimHeaderBytes> raw{};
    MutableByteSpan start(raw.data(), std::min<std::uint64_t>(size_bytes, raw.size()));
    TRY(read_at(0, start));
    if (!has_magic(start, kWimMagic) && !has_magic(start, kPipableMagic)) {
        return Error(Errc::invalid_argument,
                     name + " is not a WIM file: it begins with " + beginning(start));
    }
    if (size_bytes < kWimHeaderBytes) {
        return truncated(name, "header", kWimHeaderBytes, size_bytes);
    }
    WimHeader header = parse_header(raw);
    if (header.pipable) {
        TRY(read_at(size_bytes - kWimHeaderBytes, raw));
        auto guid = header.guid;
        header = parse_header(raw);
        if (size_bytes < 2 * kWimHeaderBytes || !header.pipable || header.guid != guid) {
            return Error(Errc::corrupt, name +
                                            " is truncated: a pipable WIM ends with a second "
                                            "header, this one does not; copy it again");
        }
    }
    TRY(judge(name, raw, header, size_bytes));
    return header;
}

std::array<std::byte, kWimHeaderBytes> serialize(const WimHeader& header) {
    std::array<std::byte, kWimHeaderBytes> raw{};
    MutableByteSpan out(raw);
    std::memcpy(raw.data(), header.pipable ? kPipableMagic : kWimMagic, 8);
    store_little_endian(out.subspan(8, 4), kWimHeaderBytes);
    store_little_endian(out.subspan(12, 4), header.version);
    store_little_endian(out.subspan(16, 4), header.flags);
    store_little_endian(out.subspan(20, 4), header.chunk_bytes);
    std::copy(header.guid.begin(), header.guid.end(), raw.begin() + 24);
    store_little_endian(out.subspan(40, 2), header.part_number);
    store_little_endian(out.subspan(42, 2), header.total_parts);
    store_little_endian(out.subspan(44, 4), header.image_count);
    store_resource(out.subspan(48, 24), header.blob_table);
    store_resource(out.subspan(72, 24), header.xml);
    store_resource(out.subspan(96, 24), header.boot_metadata);
    store_little_endian(out.subspan(120, 4), header.boot_index);
    store_resource(out.subspan(124, 24), header.integrity);
    return raw;
}

std::array<std::byte, kBlobEntryBytes> serialize(const BlobEntry& entry) {
    std::array<std::byte, kBlobEntryBytes> raw{};
    MutableByteSpan out(raw);
    store_resource(out.subspan(0, 24), entry.resource);
    store_little_endian(out.subspan(24, 2), entry.part_number);
    store_little_endian(out.subspan(26, 4), entry.reference_count);
    std::copy(entry.sha1.begin(), entry.sha1.end(), raw.begin() + 30);
    return raw;
}

std::array<std::byte, kPipeBlobHeaderBytes> pipe_blob_header(const BlobEntry& entry) {
    std::array<std::byte, kPipeBlobHeaderBytes> raw{};
    MutableByteSpan out(raw);
    store_little_endian(out.subspan(0, 8), kPipeBlobMagic);
    store_little_endian(out.subspan(8, 8), entry.resource.original_bytes);
    std::copy(entry.sha1.begin(), entry.sha1.end(), raw.begin() + 16);
    store_little_endian(out.subspan(36, 4), entry.resource.flags);
    return raw;
}

Status for_each_blob(const std::string& name, const WimHeader& header, const ReadAt& read_at,
                     const std::function<Status(const BlobEntry&)>& visit) {
    if ((header.blob_table.flags & kResourceCompressed) != 0) {
        return Error(Errc::corrupt, name + ": its blob table is compressed");
    }
    std::uint64_t left = header.blob_table.stored_bytes / kBlobEntryBytes;
    std::uint64_t offset = header.blob_table.offset;
    Bytes buffer;
    while (left > 0) {
        auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlobEntriesAtOnce));
        buffer.resize(count * kBlobEntryBytes);
        TRY(read_at(offset, buffer));
        for (std::size_t i = 0; i < count; ++i) {
            ByteSpan raw = ByteSpan(buffer).subspan(i * kBlobEntryBytes, kBlobEntryBytes);
            BlobEntry entry;
            entry.resource = parse_resource(raw);
            entry.part_number = static_cast<std::uint16_t>(field(raw, 24, 2));
            entry.reference_count = static_cast<std::uint32_t>(field(raw, 26, 4));
            std::copy_n(raw.begin() + 30, 20, entry.sha1.begin());
            TRY(visit(entry));
        }
        left -= count;
        offset += buffer.size();
    }
    return {};
}

ChunkTable chunk_table_of(std::uint64_t original_bytes, std::uint32_t chunk_bytes) {
    ChunkTable table;
    table.chunk_count = original_bytes / chunk_bytes + (original_bytes % chunk_bytes != 0 ? 1 : 0);
    table.entry_bytes = original_bytes > 0xffffffff ? 8 : 4;
    return table;
}

}  // namespace muster::windows
