// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/wim_metadata.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "windows/wim_format.h"

namespace muster::windows {
namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;
constexpr const char* kName = "the staged image";

Status copy_range(int fd, const std::string& path, const ReadAt& read_at, std::uint64_t offset,
                  std::uint64_t count) {
    Bytes buffer;
    while (count > 0) {
        buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, kCopyBytes)));
        TRY(read_at(offset, buffer));
        ssize_t written = ::pwrite(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return error_from_errno(errno, "write " + path);
        offset += static_cast<std::uint64_t>(written);
        count -= static_cast<std::uint64_t>(written);
    }
    return {};
}

}  // namespace

MetadataCopy::MetadataCopy(MetadataCopy&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      copied_bytes_(other.copied_bytes_) {}

MetadataCopy::~MetadataCopy() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
}

Result<MetadataCopy> copy_metadata(std::uint64_t size_bytes, const ReadAt& read_at,
                                   const std::string& directory, int only_index) {
    WimHeader header = TRY(read_wim_header(kName, size_bytes, read_at));
    std::string path = directory + "/muster-metadata-XXXXXX";
    int fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return error_from_errno(errno, "make a file in " + directory);
    MetadataCopy copy(fd, path);
    if (::ftruncate(fd, static_cast<off_t>(size_bytes)) != 0) {
        return error_from_errno(errno, "make a file of the image's size in " + directory);
    }
    auto keep = [&](std::uint64_t offset, std::uint64_t count) {
        copy.copied_bytes_ += count;
        return copy_range(fd, path, read_at, offset, count);
    };
    TRY(keep(0, kWimHeaderBytes));
    if (header.pipable) TRY(keep(size_bytes - kWimHeaderBytes, kWimHeaderBytes));
    TRY(keep(header.xml.offset, header.xml.stored_bytes));
    TRY(keep(header.blob_table.offset, header.blob_table.stored_bytes));
    int index = 0;
    TRY(for_each_blob(kName, header, read_at, [&](const BlobEntry& entry) -> Status {
        if ((entry.resource.flags & kResourceMetadata) == 0) return {};
        // libwim numbers images by the order of these entries, unreferenced ones left out.
        if (entry.reference_count == 0) return {};
        ++index;
        if (only_index != 0 && index != only_index) return {};
        if (entry.resource.offset > size_bytes ||
            entry.resource.stored_bytes > size_bytes - entry.resource.offset) {
            return Error(Errc::corrupt, std::string(kName) +
                                            " is damaged: a directory tree lies "
                                            "outside of it");
        }
        return keep(entry.resource.offset, entry.resource.stored_bytes);
    }));
    return copy;
}

}  // namespace muster::windows
