// SPDX-License-Identifier: GPL-3.0-or-later
//
// Our own look at the header comes first: libwim would say "invalid magic" or "read error" where we
// can say which. Then libwim opens it, and every resource must lie inside the file.
#include "windows/wim_file.h"

#include <wimlib.h>

#include <charconv>

#include "windows/file.h"
#include "windows/wim_format.h"
#include "windows/wimlib_adapter.h"

namespace muster::windows {
namespace {

// A directory tree larger than this is damage (Windows has about 60 MiB) and would ask for memory
// that is not there.
constexpr std::uint64_t kMostMetadataBytes = 512ull * 1024 * 1024;

std::string property(WIMStruct* wim, int index, const std::string& name) {
    const char* value = wimlib_get_image_property(wim, index, name.c_str());
    return value == nullptr ? "" : value;
}

std::uint64_t number_property(WIMStruct* wim, int index, const std::string& name) {
    std::string text = property(wim, index, name);
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// PROCESSOR_ARCHITECTURE_* of winnt.h, in the words of Windows answer files.
std::string architecture_name(const std::string& number) {
    if (number == "0") return "x86";
    if (number == "5") return "arm";
    if (number == "9") return "amd64";
    if (number == "12") return "arm64";
    return "";
}

WimImage describe_image(WIMStruct* wim, int index) {
    WimImage image;
    image.index = index;
    image.name = property(wim, index, "NAME");
    image.description = property(wim, index, "DESCRIPTION");
    image.edition = property(wim, index, "WINDOWS/EDITIONID");
    image.architecture = architecture_name(property(wim, index, "WINDOWS/ARCH"));
    std::string major = property(wim, index, "WINDOWS/VERSION/MAJOR");
    if (!major.empty()) {
        image.version = major + "." + property(wim, index, "WINDOWS/VERSION/MINOR") + "." +
                        property(wim, index, "WINDOWS/VERSION/BUILD");
    }
    for (int i = 1;; ++i) {
        std::string language =
            property(wim, index, "WINDOWS/LANGUAGES/LANGUAGE[" + std::to_string(i) + "]");
        if (language.empty()) break;
        image.languages.push_back(language);
    }
    image.file_count = number_property(wim, index, "FILECOUNT");
    image.dir_count = number_property(wim, index, "DIRCOUNT");
    image.total_bytes = number_property(wim, index, "TOTALBYTES");
    image.hard_link_bytes = number_property(wim, index, "HARDLINKBYTES");
    return image;
}

struct BlobScan {
    std::uint64_t file_bytes;
    WimInfo* info;
    std::string damage;
};

int scan_blob(const wimlib_resource_entry* entry, void* context) {
    auto& scan = *static_cast<BlobScan*>(context);
    std::uint64_t offset = entry->packed ? entry->raw_resource_offset_in_wim : entry->offset;
    std::uint64_t stored =
        entry->packed ? entry->raw_resource_compressed_size : entry->compressed_size;
    if (offset > scan.file_bytes || stored > scan.file_bytes - offset) {
        scan.damage = "a resource ends at byte " + std::to_string(offset + stored) +
                      ", the file has " + std::to_string(scan.file_bytes) + " bytes";
        return WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY;
    }
    if (entry->is_metadata && entry->uncompressed_size > kMostMetadataBytes) {
        scan.damage =
            "a directory tree claims " + std::to_string(entry->uncompressed_size) + " bytes";
        return WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY;
    }
    if (entry->packed) scan.info->solid = true;
    if (!entry->is_metadata) {
        ++scan.info->blob_count;
        scan.info->original_bytes += entry->uncompressed_size;
    }
    return 0;
}

}  // namespace

Result<WimInfo> inspect_wim(const std::string& path) {
    auto file = TRY(InputFile::open(path));
    TRY(read_wim_header(path, file.size_bytes(), file.reader()));
    auto wim = TRY(open_wim(path));
    wimlib_wim_info raw{};
    int code = wimlib_get_wim_info(wim.get(), &raw);
    if (code != 0) return wimlib_error(code, path);

    WimInfo info;
    info.file_bytes = file.size_bytes();
    info.compression = wimlib_get_compression_type_string(
        static_cast<wimlib_compression_type>(raw.compression_type));
    info.chunk_bytes = raw.chunk_size;
    info.has_integrity_table = raw.has_integrity_table;
    info.pipable = raw.pipable;
    info.boot_index = static_cast<int>(raw.boot_index);
    BlobScan scan{file.size_bytes(), &info, {}};
    code = wimlib_iterate_lookup_table(wim.get(), 0, scan_blob, &scan);
    if (!scan.damage.empty()) {
        return Error(Errc::corrupt,
                     path + " is truncated or damaged: " + scan.damage + "; copy it again");
    }
    if (code != 0) return wimlib_error(code, path);
    if (raw.image_count == 0) {
        return Error(Errc::invalid_argument, path + " is a WIM file without any image");
    }
    for (int index = 1; index <= static_cast<int>(raw.image_count); ++index) {
        info.images.push_back(describe_image(wim.get(), index));
    }
    return info;
}

Status check_index(const WimInfo& info, int index) {
    if (index >= 1 && index <= static_cast<int>(info.images.size())) return {};
    std::string list;
    for (const auto& image : info.images) {
        if (!list.empty()) list += ", ";
        list += std::to_string(image.index) + (image.name.empty() ? "" : " " + image.name);
    }
    std::size_t count = info.images.size();
    return Error(Errc::not_found, "image has " + std::to_string(count) +
                                      (count == 1 ? " index (" : " indexes (") + list +
                                      "); there is no index " + std::to_string(index));
}

}  // namespace muster::windows
