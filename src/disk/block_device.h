// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which disks does this computer have, and may one of them be erased? Erasing the wrong disk cannot
// be undone, so everything that could be in use is looked for: mounts (of every process namespace
// we can see), swap, device-mapper and RAID on top, the disk this system itself runs from; and the
// kernel has the last word, because the disk is opened O_EXCL before anything is written.
//
// Linux sysfs: Documentation/ABI/stable/sysfs-block; mounts: proc(5), /proc/PID/mountinfo.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "disk/unique_fd.h"

namespace muster::disk {

struct DiskInfo {
    std::string path;  // "/dev/nvme0n1"
    std::uint64_t size_bytes = 0;
    std::uint64_t logical_sector_bytes = 0;
    std::string model;   // empty when the kernel knows none
    std::string serial;  // empty when the kernel knows none
    bool read_only = false;
    bool removable = false;
    bool is_virtual = false;  // loop and the like: no hardware of its own
};

// Whole disks in the order of their names: no partitions, no device-mapper or RAID devices, no
// RAM disks, no optical or floppy drives, nothing of size 0.
Result<std::vector<DiskInfo>> list_disks();

// Errc::not_found: no such path; Errc::invalid_argument: not a block device, or a partition.
Result<DiskInfo> disk_info(const std::string& path);

// Ok when `path` is a whole disk that nobody uses. One line says what, where and what to do:
// Errc::not_found, invalid_argument (no whole disk), permission_denied (read-only, or the disk
// this system runs from), no_space (smaller than least_bytes), busy (mounted, swap, holders, open).
Status check_may_erase(const std::string& path, std::uint64_t least_bytes = 0);

// The disk open for writing and claimed: while the descriptor lives, nobody can mount it.
// Errc::busy when the kernel says that it or a partition of it is in use.
Result<UniqueFd> open_exclusive(const std::string& path);

// ---- for partition.cc: names in sysfs of the disk a path leads to ----

struct KernelPartition {
    std::string name;  // "loop0p1"
    int number = 0;
    std::uint64_t start_bytes = 0;
    std::uint64_t size_bytes = 0;
};
// "loop0" for "/dev/loop0"; Errc::invalid_argument when it is no whole disk.
Result<std::string> kernel_name(const std::string& path);
// What the kernel believes now, by number. `name` from kernel_name.
std::vector<KernelPartition> kernel_partitions(const std::string& name);

}  // namespace muster::disk
