// SPDX-License-Identifier: GPL-3.0-or-later
//
// Is what lies on the volume what the image says? Every file and directory of the image is looked
// up on the volume and compared, and every name on the volume must be in the image. "Verified"
// means no difference at all: names, sizes and SHA-1 of the data and of named streams, attributes,
// creation and write time, reparse points, hard links, short names, security descriptors (where
// the image has them).
//
// Not compared: last access time; "sparse", "compressed" (of files) and "encrypted", which libwim
// or libntfs-3g decide; the ordinary data of a file that is a reparse point, which libwim's
// interface does not show; object ids.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace muster::windows {

struct VerifyProgress {
    std::uint64_t entries_done = 0;
    std::uint64_t entries_total = 0;  // as the image says
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;  // as the image says
};
// Returning false cancels.
using VerifyProgressCallback = std::function<bool(const VerifyProgress&)>;

struct VerifyReport {
    std::uint64_t files = 0;        // different files, hard links counted once
    std::uint64_t directories = 0;  // the root included
    std::uint64_t links = 0;        // further names of files (hard links)
    std::uint64_t streams = 0;      // named streams
    std::uint64_t bytes = 0;        // read and hashed
    std::uint64_t difference_count = 0;
    std::vector<std::string> differences;  // the first 100: "\usr\bin\x: SHA-1 differs"
    bool verified() const { return difference_count == 0; }
};

// `wim_path` is any WIM that libwim opens; its file contents are not read, so a MetadataCopy will
// do. A volume that differs is a report, not an error. Errors: the WIM or the volume cannot be
// opened; Errc::not_found: no such index; Errc::cancelled.
Result<VerifyReport> verify_volume(const std::string& ntfs_device, const std::string& wim_path,
                                   int index, const VerifyProgressCallback& progress = {});

}  // namespace muster::windows
