// SPDX-License-Identifier: GPL-3.0-or-later
//
// From a blank (or used) disk to one that an image can be applied to: checks, partition table,
// device nodes, file systems. And later the one change: the staging partition is taken away and its
// room given to Windows. An error always says how far it came: before "partition table written"
// the disk is as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "disk/layout.h"

namespace muster::disk {

struct Partition {
    int number = 0;
    std::string device;  // "/dev/nvme0n1p3"
    std::uint64_t start_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::string guid;  // of the partition, upper case, with dashes
};

struct PartitionedDisk {
    std::string path;
    std::string disk_guid;
    std::uint64_t sector_bytes = 512;
    Partition esp;
    Partition msr;
    Partition windows;
    std::optional<Partition> staging;
};

// Erases the disk. Errors of check_may_erase and plan_partitions come before anything is written;
// later ones begin "disk /dev/x: partition table written, ...".
Result<PartitionedDisk> partition_disk(const std::string& path, const PartitionPlan& plan);

// The layout that partition_disk made, found again after a restart; the kernel is told about
// partitions it does not know. Errc::not_found: the disk has another layout or none.
Result<PartitionedDisk> read_layout(const std::string& path);

// Takes the staging partition away (if it is still there), gives its room to the Windows partition
// and its file system, and leaves that clean and checked. May be repeated after an interruption.
// On success `disk` says the new sizes. Windows must not be open or mounted.
Status remove_staging(PartitionedDisk& disk);

}  // namespace muster::disk
