// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where the partitions of a computer go, as a pure calculation: which bytes of a disk of a given
// size become the EFI system partition, the reserved partition, Windows, and the staging partition
// at the end that is given to Windows afterwards. Everything starts at a multiple of 1 MiB, which
// suits 512 and 4096 byte sectors and every flash disk.
//
// Types and sizes: Microsoft, "UEFI/GPT-based hard drive partitions"; a FAT32 volume with 4096
// byte sectors needs at least 65,525 clusters, hence 260 MiB for the ESP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace muster::disk {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kEspBytes = 260 * kMiB;
constexpr std::uint64_t kMsrBytes = 16 * kMiB;
// Below this no Windows and no test image fits; a disk smaller than this is a mistake.
constexpr std::uint64_t kLeastWindowsBytes = 512 * kMiB;

// GPT partition types, as people write them.
constexpr std::string_view kEspType = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
constexpr std::string_view kMsrType = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE";
constexpr std::string_view kWindowsType = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
constexpr std::string_view kStagingType = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";  // Linux data

// GPT partition names.
constexpr std::string_view kEspName = "EFI system partition";
constexpr std::string_view kMsrName = "Microsoft reserved partition";
constexpr std::string_view kWindowsName = "Windows";
constexpr std::string_view kStagingName = "muster-staging";

enum class Layout { windows_uefi };

// What is wanted of a disk.
struct PartitionPlan {
    Layout layout = Layout::windows_uefi;
    std::uint64_t staging_bytes = 0;                         // 0: no staging partition
    std::uint64_t least_windows_bytes = kLeastWindowsBytes;  // what the image needs
};

enum class Role { esp, msr, windows, staging };

struct PlannedPartition {
    Role role;
    int number;  // from 1, its place in the table
    std::uint64_t start_bytes;
    std::uint64_t size_bytes;
};

// The partitions in the order of the disk, which is the order of their numbers.
// Errc::no_space: what is needed and what there is; Errc::invalid_argument: sectors of a size
// other than 512 or 4096.
Result<std::vector<PlannedPartition>> plan_partitions(const PartitionPlan& plan,
                                                      std::uint64_t disk_bytes,
                                                      std::uint64_t sector_bytes);

// The first byte after the last partition that may exist on such a disk (the backup table lies
// behind it), a multiple of 1 MiB.
std::uint64_t usable_end_bytes(std::uint64_t disk_bytes, std::uint64_t sector_bytes);

std::string_view type_guid(Role role);
std::string_view partition_name(Role role);

}  // namespace muster::disk
