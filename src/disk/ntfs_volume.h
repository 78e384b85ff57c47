// SPDX-License-Identifier: GPL-3.0-or-later
//
// Making, growing and checking the Windows volume itself. ntfsresize leaves two things for a later
// chkdsk in Windows: the "dirty" flag and the copy of the boot sector at the end of the partition.
// A computer that we deploy must not start with chkdsk, so both are done here.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace muster::disk {

struct NtfsFormat {
    std::string device;
    std::string label;
    std::uint64_t sector_bytes = 512;
    std::uint64_t start_bytes = 0;  // of the partition on its disk ("hidden sectors")
};

// Quick format with clusters of 4096 bytes.
Status format_ntfs(const NtfsFormat& format);

// FAT32 with the given label (at most 11 upper-case characters).
Status format_fat32(const std::string& device, const std::string& label, std::uint64_t sector_bytes,
                    std::uint64_t start_bytes);

// Grows the file system to its partition (nothing to do is fine) and leaves it clean.
Status grow_ntfs(const std::string& device);

// Errc::corrupt when the volume is marked dirty or ntfsresize's check finds an inconsistency.
Status check_ntfs(const std::string& device);

// Bytes the file system uses of its partition, from its boot sector. Errc::corrupt: not NTFS.
Result<std::uint64_t> ntfs_size_bytes(const std::string& device);

}  // namespace muster::disk
