// SPDX-License-Identifier: GPL-3.0-or-later
//
// Layout of the result: header, XML, metadata resources, contents, blob table, XML, header; all but
// the headers behind a pipe_blob_header. The first header has no tables, the last one has. Memory:
// one window of the source, one chunk, and the chunk offsets of one resource.
#include "windows/pipable_writer.h"

#include <wimlib.h>

#include <algorithm>
#include <memory>

#include "base/hex.h"
#include "crypto/hash.h"

namespace muster::windows {
namespace {

constexpr std::size_t kWindowBytes = 1024 * 1024;

// Small reads at rising offsets, served from one large one.
class WindowReader {
public:
    explicit WindowReader(const InputFile& file) : file_(file) {}
    // Valid until the next read.
    Result<ByteSpan> read(std::uint64_t offset, std::size_t count) {
        if (offset < start_ || offset + count > start_ + window_.size()) {
            std::uint64_t rest = file_.size_bytes() - std::min(offset, file_.size_bytes());
            window_.resize(
                std::max<std::uint64_t>(count, std::min<std::uint64_t>(rest, kWindowBytes)));
            start_ = offset;
            TRY(file_.read_at(offset, window_));
        }
        return ByteSpan(window_).subspan(static_cast<std::size_t>(offset - start_), count);
    }

private:
    const InputFile& file_;
    Bytes window_;
    std::uint64_t start_ = 0;
};

struct FreeDecompressor {
    void operator()(wimlib_decompressor* decompressor) const {
        wimlib_free_decompressor(decompressor);
    }
};

class Copier {
public:
    Copier(const PipableSource& source, OutputFile& out, const CopyProgress& progress)
        : source_(source), out_(out), progress_(progress), reader_(*source.file) {}

    Status run();

private:
    Status prepare();
    Result<ResourceHeader> append_plain(ByteSpan bytes);
    Status copy(const BlobEntry& entry);
    Status copy_stored(const BlobEntry& entry);
    Status copy_chunks(const BlobEntry& entry, const std::vector<std::uint64_t>& ends,
                       const ChunkTable& table);
    Result<std::vector<std::uint64_t>> chunk_ends(const BlobEntry& entry, const ChunkTable& table);
    Status hash_chunk(ByteSpan chunk, std::size_t original_bytes, const BlobEntry& entry);
    Status report(std::uint64_t bytes) const {
        if (progress_ && !progress_(bytes)) return Error(Errc::cancelled, "cancelled");
        return {};
    }
    Error damaged(const BlobEntry& entry, const std::string& how) const {
        return {Errc::corrupt, source_.file->path() + " is damaged: the contents at byte " +
                                   std::to_string(entry.resource.offset) + " (SHA-1 " +
                                   to_hex(entry.sha1) + ") " + how + "; copy it again"};
    }

    const PipableSource& source_;
    OutputFile& out_;
    const CopyProgress& progress_;
    WindowReader reader_;
    std::unique_ptr<wimlib_decompressor, FreeDecompressor> decompressor_;
    Bytes original_;  // one chunk, decompressed
    crypto::Sha1Hasher sha1_;
    std::vector<BlobEntry> written_;
};

Status Copier::prepare() {
    std::uint32_t chunk = source_.header.chunk_bytes;
    if (chunk == 0) return {};
    wimlib_decompressor* raw = nullptr;
    int code = wimlib_create_decompressor(
        static_cast<wimlib_compression_type>(source_.compression_type), chunk, &raw);
    if (code != 0) return Error(Errc::no_space, "no memory for decompression");
    decompressor_.reset(raw);
    original_.resize(chunk);
    return {};
}

// XML and blob table: framed like a resource, never compressed.
Result<ResourceHeader> Copier::append_plain(ByteSpan bytes) {
    BlobEntry entry;
    entry.resource.flags = kResourceMetadata;
    entry.resource.stored_bytes = entry.resource.original_bytes = bytes.size();
    sha1_.update(bytes);
    entry.sha1 = sha1_.finish();
    TRY(out_.append(pipe_blob_header(entry)));
    entry.resource.offset = out_.offset();
    TRY(out_.append(bytes));
    return entry.resource;
}

// The end of each chunk, counted from the first chunk's beginning.
Result<std::vector<std::uint64_t>> Copier::chunk_ends(const BlobEntry& entry,
                                                      const ChunkTable& table) {
    const auto& resource = entry.resource;
    bool framed = source_.header.pipable;
    std::uint64_t overhead =
        table.table_bytes() + (framed ? table.chunk_count * kPipeChunkHeaderBytes : 0);
    // Each chunk has at least a byte; said before memory for the table is asked for.
    if (table.chunk_count > resource.stored_bytes ||
        overhead > resource.stored_bytes - table.chunk_count) {
        return damaged(entry, "are shorter than their table");
    }
    std::uint64_t data_bytes = resource.stored_bytes - overhead;
    std::uint64_t offset =
        resource.offset + (framed ? resource.stored_bytes - table.table_bytes() : 0);
    std::vector<std::uint64_t> ends;
    ends.reserve(table.chunk_count);
    std::uint64_t previous = 0;
    for (std::uint64_t i = 0; i < table.chunk_count; ++i) {
        std::uint64_t end = data_bytes;
        if (i + 1 < table.chunk_count) {
            end = load_little_endian(TRY(reader_.read(offset, table.entry_bytes)));
            offset += table.entry_bytes;
        }
        if (end <= previous || end > data_bytes || end - previous > source_.header.chunk_bytes) {
            return damaged(entry, "have a wrong table");
        }
        ends.push_back(end);
        previous = end;
    }
    return ends;
}

Status Copier::hash_chunk(ByteSpan chunk, std::size_t original_bytes, const BlobEntry& entry) {
    if (chunk.size() == original_bytes) {
        sha1_.update(chunk);
        return {};
    }
    if (chunk.size() > original_bytes ||
        wimlib_decompress(chunk.data(), chunk.size(), original_.data(), original_bytes,
                          decompressor_.get()) != 0) {
        return damaged(entry, "cannot be decompressed");
    }
    sha1_.update(ByteSpan(original_).first(original_bytes));
    return {};
}

Status Copier::copy_chunks(const BlobEntry& entry, const std::vector<std::uint64_t>& ends,
                           const ChunkTable& table) {
    bool framed = source_.header.pipable;
    std::uint64_t offset = entry.resource.offset + (framed ? 0 : table.table_bytes());
    std::uint64_t left = entry.resource.original_bytes;
    std::uint64_t previous = 0;
    for (std::uint64_t end : ends) {
        auto stored = static_cast<std::size_t>(end - previous);
        previous = end;
        if (framed) offset += kPipeChunkHeaderBytes;
        ByteSpan chunk = TRY(reader_.read(offset, stored));
        offset += stored;
        auto original =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, source_.header.chunk_bytes));
        left -= original;
        TRY(hash_chunk(chunk, original, entry));
        std::array<std::byte, kPipeChunkHeaderBytes> frame{};
        store_little_endian(frame, stored);
        TRY(out_.append(frame));
        TRY(out_.append(chunk));
        TRY(report(stored));
    }
    std::array<std::byte, 8> number{};
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        MutableByteSpan field = MutableByteSpan(number).first(table.entry_bytes);
        store_little_endian(field, ends[i]);
        TRY(out_.append(field));
    }
    return {};
}

Status Copier::copy_stored(const BlobEntry& entry) {
    std::uint64_t done = 0;
    while (done < entry.resource.stored_bytes) {
        auto count = static_cast<std::size_t>(
            std::min<std::uint64_t>(entry.resource.stored_bytes - done, kWindowBytes));
        ByteSpan bytes = TRY(reader_.read(entry.resource.offset + done, count));
        sha1_.update(bytes);
        TRY(out_.append(bytes));
        done += count;
        TRY(report(count));
    }
    return {};
}

Status Copier::copy(const BlobEntry& entry) {
    BlobEntry result = entry;
    result.part_number = 1;
    result.resource.flags = entry.resource.flags & (kResourceMetadata | kResourceCompressed);
    TRY(out_.append(pipe_blob_header(result)));
    result.resource.offset = out_.offset();
    if ((entry.resource.flags & kResourceCompressed) == 0) {
        TRY(copy_stored(entry));
    } else {
        if (!decompressor_) return damaged(entry, "are compressed in an uncompressed file");
        ChunkTable table =
            chunk_table_of(entry.resource.original_bytes, source_.header.chunk_bytes);
        auto ends = TRY(chunk_ends(entry, table));
        TRY(copy_chunks(entry, ends, table));
    }
    if (sha1_.finish() != entry.sha1) return damaged(entry, "do not have that SHA-1");
    result.resource.stored_bytes = out_.offset() - result.resource.offset;
    written_.push_back(result);
    return {};
}

Status Copier::run() {
    TRY(prepare());
    WimHeader header = source_.header;
    header.pipable = true;
    header.flags &=
        kWimFlagCompressed | kWimFlagReparseFix | kWimFlagXpress | kWimFlagLzx | kWimFlagLzms;
    header.integrity = header.blob_table = header.xml = header.boot_metadata = {};
    header.image_count = static_cast<std::uint32_t>(source_.metadata.size());
    TRY(out_.append(serialize(header)));
    TRY(append_plain(source_.xml));
    for (const auto& entry : source_.metadata) TRY(copy(entry));
    if (header.boot_index >= 1 && header.boot_index <= written_.size()) {
        header.boot_metadata = written_[header.boot_index - 1].resource;
    }
    for (const auto& entry : source_.contents) TRY(copy(entry));

    Bytes table;
    table.reserve(written_.size() * kBlobEntryBytes);
    for (const auto& entry : written_) {
        auto raw = serialize(entry);
        table.insert(table.end(), raw.begin(), raw.end());
    }
    header.blob_table = TRY(append_plain(table));
    header.xml = TRY(append_plain(source_.xml));
    return out_.append(serialize(header));
}

}  // namespace

Status write_pipable(const PipableSource& source, OutputFile& out, const CopyProgress& progress) {
    return Copier(source, out, progress).run();
}

}  // namespace muster::windows
