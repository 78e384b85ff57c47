// SPDX-License-Identifier: GPL-3.0-or-later
//
// A GPT keeps one sector of header and 16 KiB of entries (128 of 128 bytes) at each end of the
// disk (UEFI 2.10, 5.3.2); rounding both ends to 1 MiB covers the front and is checked at the back.
#include "disk/layout.h"

namespace muster::disk {
namespace {

constexpr std::uint64_t kAlignmentBytes = kMiB;
constexpr std::uint64_t kGptEntriesBytes = 128 * 128;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

std::string in_mib(std::uint64_t bytes) { return std::to_string(bytes / kMiB) + " MiB"; }

}  // namespace

std::uint64_t usable_end_bytes(std::uint64_t disk_bytes, std::uint64_t sector_bytes) {
    std::uint64_t backup = sector_bytes + round_up(kGptEntriesBytes, sector_bytes);
    if (disk_bytes < backup) return 0;
    return (disk_bytes - backup) / kAlignmentBytes * kAlignmentBytes;
}

Result<std::vector<PlannedPartition>> plan_partitions(const PartitionPlan& plan,
                                                      std::uint64_t disk_bytes,
                                                      std::uint64_t sector_bytes) {
    if (sector_bytes != 512 && sector_bytes != 4096) {
        return Error(Errc::invalid_argument, "sectors of " + std::to_string(sector_bytes) +
                                                 " bytes are not supported, only 512 and 4096");
    }
    std::uint64_t end = usable_end_bytes(disk_bytes, sector_bytes);
    std::uint64_t fixed = kAlignmentBytes + kEspBytes + kMsrBytes;
    // A size near 2^64 must not wrap round to one that fits.
    if (plan.staging_bytes > end || plan.least_windows_bytes > end ||
        fixed + round_up(plan.staging_bytes, kAlignmentBytes) +
                round_up(plan.least_windows_bytes, kAlignmentBytes) >
            end) {
        std::string needs = in_mib(fixed) + " for boot";
        if (plan.staging_bytes > 0) needs += ", " + in_mib(plan.staging_bytes) + " for staging";
        return Error(Errc::no_space, "the disk has " + in_mib(disk_bytes) + ", needed are " +
                                         in_mib(plan.least_windows_bytes) + " for Windows, " +
                                         needs + ": use a larger disk or a smaller image");
    }
    std::uint64_t staging = round_up(plan.staging_bytes, kAlignmentBytes);
    std::uint64_t windows = end - fixed - staging;
    std::vector<PlannedPartition> partitions;
    std::uint64_t start = kAlignmentBytes;
    auto add = [&](Role role, std::uint64_t size) {
        partitions.push_back({role, static_cast<int>(partitions.size()) + 1, start, size});
        start += size;
    };
    add(Role::esp, kEspBytes);
    add(Role::msr, kMsrBytes);
    add(Role::windows, windows);
    if (staging > 0) add(Role::staging, staging);
    return partitions;
}

std::string_view type_guid(Role role) {
    switch (role) {
        case Role::esp: return kEspType;
        case Role::msr: return kMsrType;
        case Role::windows: return kWindowsType;
        case Role::staging: break;
    }
    return kStagingType;
}

std::string_view partition_name(Role role) {
    switch (role) {
        case Role::esp: return kEspName;
        case Role::msr: return kMsrName;
        case Role::windows: return kWindowsName;
        case Role::staging: break;
    }
    return kStagingName;
}

}  // namespace muster::disk
