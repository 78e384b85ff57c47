// SPDX-License-Identifier: GPL-3.0-or-later
//
// Steps: look (inspect_wim), integrity table if there is one, every image's directory tree with all
// contents it names, then the copy, which proves each SHA-1; at last the result is opened like any
// image. libwim's integrity check covers bytes, ours contents: a file made wrongly passes the
// first.
#include "windows/wim_import.h"

#include <unistd.h>
#include <wimlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "windows/file.h"
#include "windows/pipable_writer.h"
#include "windows/wim_format.h"
#include "windows/wimlib_adapter.h"

namespace muster::windows {
namespace {

// What LZX in WIM files uses everywhere (Microsoft's programs accept no other).
constexpr std::uint32_t kLzxChunkBytes = 32768;

// Several stages, one rising count.
class ProgressCount {
public:
    ProgressCount(const ImportProgress& report, std::uint64_t total)
        : report_(report), total_(total) {}
    // `done` of this stage, which counts for `weight` bytes when `of` are done.
    bool stage(std::uint64_t done, std::uint64_t of, std::uint64_t weight) {
        double part = of == 0 ? 1.0 : static_cast<double>(std::min(done, of)) / double(of);
        std::uint64_t now = base_ + static_cast<std::uint64_t>(part * double(weight));
        return tell(std::max(now, last_));
    }
    void finish_stage(std::uint64_t weight) { base_ += weight; }
    bool tell(std::uint64_t now) {
        last_ = std::min(now, total_);
        return !report_ || report_(last_, total_);
    }

private:
    const ImportProgress& report_;
    std::uint64_t total_;
    std::uint64_t base_ = 0;
    std::uint64_t last_ = 0;
};

struct StageContext {
    ProgressCount* count;
    std::uint64_t weight;
};

wimlib_progress_status on_message(wimlib_progress_msg message, wimlib_progress_info* info,
                                  void* context) {
    auto& stage = *static_cast<StageContext*>(context);
    std::uint64_t done = 0;
    std::uint64_t of = 1;
    if (message == WIMLIB_PROGRESS_MSG_VERIFY_INTEGRITY) {
        done = info->integrity.completed_bytes;
        of = info->integrity.total_bytes;
    } else if (message == WIMLIB_PROGRESS_MSG_WRITE_STREAMS) {
        done = info->write_streams.completed_bytes;
        of = info->write_streams.total_bytes;
    }
    return stage.count->stage(done, of, stage.weight) ? WIMLIB_PROGRESS_STATUS_CONTINUE
                                                      : WIMLIB_PROGRESS_STATUS_ABORT;
}

Status verify_integrity(const std::string& path, StageContext stage) {
    forget_wimlib_details();
    WIMStruct* raw = nullptr;
    int code = wimlib_open_wim_with_progress(path.c_str(), WIMLIB_OPEN_FLAG_CHECK_INTEGRITY, &raw,
                                             on_message, &stage);
    WimHandle wim(raw);
    if (code == 0) return {};
    if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS) return Error(Errc::cancelled, "cancelled");
    if (code == WIMLIB_ERR_INTEGRITY || code == WIMLIB_ERR_INVALID_INTEGRITY_TABLE) {
        return Error(Errc::corrupt,
                     path + " is damaged: it does not match its integrity table; copy it again");
    }
    return wimlib_error(code, path + ": integrity check");
}

// Reads each directory tree and finds the contents of every file in the blob table.
Status verify_trees(WIMStruct* wim, const WimInfo& info, const std::string& path) {
    for (const auto& image : info.images) {
        forget_wimlib_details();
        int code = wimlib_iterate_dir_tree(
            wim, image.index, WIMLIB_WIM_ROOT_PATH,
            WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE | WIMLIB_ITERATE_DIR_TREE_FLAG_RESOURCES_NEEDED,
            [](const wimlib_dir_entry*, void*) { return 0; }, nullptr);
        if (code == 0) continue;
        std::string what = path + ": index " + std::to_string(image.index);
        if (code == WIMLIB_ERR_RESOURCE_NOT_FOUND) {
            return Error(Errc::corrupt,
                         what +
                             " names file contents that are not in the file (a delta WIM, or "
                             "damage); use a complete WIM");
        }
        return Error(Errc::corrupt, wimlib_error(code, what).message());
    }
    return {};
}

BlobEntry to_blob(const wimlib_resource_entry& entry) {
    BlobEntry blob;
    blob.resource.stored_bytes = entry.compressed_size;
    blob.resource.original_bytes = entry.uncompressed_size;
    blob.resource.offset = entry.offset;
    blob.resource.flags =
        static_cast<std::uint8_t>((entry.is_metadata ? kResourceMetadata : 0) |
                                  (entry.is_compressed ? kResourceCompressed : 0));
    blob.reference_count = entry.reference_count;
    std::copy_n(reinterpret_cast<const std::byte*>(entry.sha1_hash), blob.sha1.size(),
                blob.sha1.begin());
    return blob;
}

int collect_blob(const wimlib_resource_entry* entry, void* context) {
    auto& source = *static_cast<PipableSource*>(context);
    (entry->is_metadata ? source.metadata : source.contents).push_back(to_blob(*entry));
    return 0;
}

Status collect_source(WIMStruct* wim, const InputFile& file, PipableSource& source) {
    source.file = &file;
    source.header = TRY(read_wim_header(file.path(), file.size_bytes(), file.reader()));
    wimlib_wim_info raw{};
    void* xml = nullptr;
    std::size_t xml_bytes = 0;
    int code = wimlib_get_wim_info(wim, &raw);
    if (code == 0) code = wimlib_iterate_lookup_table(wim, 0, collect_blob, &source);
    if (code == 0) code = wimlib_get_xml_data(wim, &xml, &xml_bytes);
    if (code != 0) return wimlib_error(code, file.path());
    source.compression_type = raw.compression_type;
    auto* bytes = static_cast<const std::byte*>(xml);
    source.xml.assign(bytes, bytes + xml_bytes);
    std::free(xml);
    if (source.metadata.size() != source.header.image_count) {
        return Error(Errc::corrupt, file.path() + " is damaged: it has " +
                                        std::to_string(source.header.image_count) + " images but " +
                                        std::to_string(source.metadata.size()) +
                                        " directory trees");
    }
    std::sort(source.contents.begin(), source.contents.end(),
              [](const auto& a, const auto& b) { return a.resource.offset < b.resource.offset; });
    return {};
}

Status copy_plain(WIMStruct* wim, const std::string& path, const std::string& destination,
                  StageContext stage) {
    auto file = TRY(InputFile::open(path));
    PipableSource source;
    TRY(collect_source(wim, file, source));
    auto out = TRY(OutputFile::create(destination));
    std::uint64_t done = 0;
    TRY(write_pipable(source, out, [&](std::uint64_t bytes) {
        done += bytes;
        return stage.count->stage(done, file.size_bytes(), stage.weight);
    }));
    return out.commit();
}

Status convert_solid(WIMStruct* wim, const std::string& path, const std::string& destination,
                     StageContext stage) {
    if (::access(destination.c_str(), F_OK) == 0) return error_from_errno(EEXIST, destination);
    forget_wimlib_details();
    wimlib_register_progress_function(wim, on_message, &stage);
    int code = wimlib_set_output_compression_type(wim, WIMLIB_COMPRESSION_TYPE_LZX);
    if (code == 0) code = wimlib_set_output_chunk_size(wim, kLzxChunkBytes);
    if (code == 0) {
        code = wimlib_write(wim, destination.c_str(), WIMLIB_ALL_IMAGES,
                            WIMLIB_WRITE_FLAG_PIPABLE | WIMLIB_WRITE_FLAG_NO_CHECK_INTEGRITY |
                                WIMLIB_WRITE_FLAG_RETAIN_GUID | WIMLIB_WRITE_FLAG_FSYNC,
                            0);
    }
    wimlib_register_progress_function(wim, nullptr, nullptr);
    if (code == 0) return sync_directory_of(destination);
    ::unlink(destination.c_str());
    if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS) return Error(Errc::cancelled, "cancelled");
    return wimlib_error(code, path + ": conversion of its solid contents");
}

}  // namespace

Result<WimInfo> export_delivery_form(const std::string& source, const std::string& destination,
                                     const ImportProgress& progress) {
    WimInfo info = TRY(inspect_wim(source));
    std::uint64_t copy_weight = info.solid ? info.original_bytes : info.file_bytes;
    std::uint64_t integrity_weight = info.has_integrity_table ? info.file_bytes : 0;
    ProgressCount count(progress, integrity_weight + copy_weight);
    if (info.has_integrity_table) {
        TRY(verify_integrity(source, {&count, integrity_weight}));
        count.finish_stage(integrity_weight);
    }
    auto wim = TRY(open_wim(source));
    TRY(verify_trees(wim.get(), info, source));
    StageContext stage{&count, copy_weight};
    TRY(info.solid ? convert_solid(wim.get(), source, destination, stage)
                   : copy_plain(wim.get(), source, destination, stage));
    wim.reset();
    auto written = inspect_wim(destination);
    if (!written.ok()) {
        ::unlink(destination.c_str());
        return Error(Errc::internal, "the delivery form of " + source +
                                         " cannot be read back: " + written.error().message());
    }
    if (!count.tell(integrity_weight + copy_weight)) {
        ::unlink(destination.c_str());
        return Error(Errc::cancelled, "cancelled");
    }
    return written;
}

}  // namespace muster::windows
