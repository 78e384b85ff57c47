// SPDX-License-Identifier: GPL-3.0-or-later
//
// The GPT of a disk through libfdisk: write a fresh one, read what is there, and the one change we
// make later (staging gone, Windows larger). Only the table on the disk; what the kernel believes
// is kernel_table.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "disk/layout.h"

namespace muster::disk {

struct GptPartition {
    int number = 0;  // from 1
    std::string type_guid;
    std::string guid;
    std::string name;
    std::uint64_t start_bytes = 0;
    std::uint64_t size_bytes = 0;
};

struct GptTable {
    std::string disk_guid;
    std::uint64_t sector_bytes = 0;
    std::vector<GptPartition> partitions;  // by number
};

// Replaces whatever table or file system signature the disk has. `fd` is the disk, open for
// writing; `path` is for messages. Every GUID is fresh.
Status write_gpt(int fd, const std::string& path, const std::vector<PlannedPartition>& plan);

// Errc::not_found: the disk has no GPT.
Result<GptTable> read_gpt(int fd, const std::string& path);

// One write: `removed` (a number; 0 for none) disappears, `grown` gets `size_bytes`.
Status change_gpt(int fd, const std::string& path, int removed, int grown,
                  std::uint64_t size_bytes);

}  // namespace muster::disk
