// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is in a WIM file, and is it one at all? Everything that a person can have given us instead
// (another file, a part of a split WIM, half a download) gets its own sentence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace muster::windows {

struct WimImage {
    int index = 0;  // from 1
    std::string name;
    std::string description;
    std::string edition;                 // "Professional"; empty for an image that is not Windows
    std::string architecture;            // "x86", "arm", "amd64", "arm64" or empty
    std::string version;                 // "10.0.22631" or empty
    std::vector<std::string> languages;  // "en-US"
    std::uint64_t file_count = 0;
    std::uint64_t dir_count = 0;
    std::uint64_t total_bytes = 0;      // of all files, each hard link counted
    std::uint64_t hard_link_bytes = 0;  // of these, what hard links share
};

struct WimInfo {
    std::uint64_t file_bytes = 0;
    std::string compression;  // "None", "XPRESS", "LZX", "LZMS"
    std::uint32_t chunk_bytes = 0;
    bool has_integrity_table = false;
    bool pipable = false;
    bool solid = false;                // some contents are compressed together (ESD)
    int boot_index = 0;                // 0: none
    std::uint64_t blob_count = 0;      // different file contents
    std::uint64_t original_bytes = 0;  // of these, uncompressed
    std::vector<WimImage> images;
};

// Header, tables and metadata index; no file contents are read. Errc::not_found: no such file;
// Errc::invalid_argument: not a WIM, or part of a split one; Errc::corrupt: truncated or damaged.
Result<WimInfo> inspect_wim(const std::string& path);

// Errc::not_found: "image has 2 indexes (1 Pro, 2 Home); there is no index 5".
Status check_index(const WimInfo& info, int index);

}  // namespace muster::windows
