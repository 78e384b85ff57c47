// SPDX-License-Identifier: GPL-3.0-or-later
//
// The metadata of a delivered image as a file that libwim can open. The image itself may lie in
// memory, or in a raw partition whose end is not the image's end; libwim looks for the header of a
// pipable WIM at the very end of a file, so it cannot open either. The copy is a sparse file of the
// image's size with only headers, XML, blob table and directory trees at their places: a few MiB
// for a Windows image. File contents are not in it.
//
// It needs a name in a directory: libwim asks realpath() for the file it has just opened, and
// a memfd or an unlinked file has no path (WIMLIB_ERR_NO_FILENAME). Any tmpfs does.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "windows/file.h"

namespace muster::windows {

// Owns the file; removed with it.
class MetadataCopy {
public:
    MetadataCopy(MetadataCopy&& other) noexcept;
    MetadataCopy& operator=(MetadataCopy&&) = delete;
    ~MetadataCopy();
    // For inspect_wim, verify_volume and libwim.
    const std::string& path() const { return path_; }
    std::uint64_t copied_bytes() const { return copied_bytes_; }

private:
    friend Result<MetadataCopy> copy_metadata(std::uint64_t, const ReadAt&, const std::string&,
                                              int);
    MetadataCopy(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    int fd_;
    std::string path_;
    std::uint64_t copied_bytes_ = 0;
};

// `read_at` reads the image of `size_bytes`; the copy is made in `directory`. `only_index` leaves
// out the directory trees of the other images (0: all of them).
// Errors: those of read_at, of read_wim_header, and of the directory.
Result<MetadataCopy> copy_metadata(std::uint64_t size_bytes, const ReadAt& read_at,
                                   const std::string& directory, int only_index = 0);

}  // namespace muster::windows
