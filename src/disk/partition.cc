// SPDX-License-Identifier: GPL-3.0-or-later
//
// The claim (O_EXCL) on the whole disk is held while tables change and given up before the tools
// run: they claim the partitions themselves. The kernel's partitions change while nobody has them
// open, one by one, so a busy one is a clear error and not a half-read table.
#include "disk/partition.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "disk/block_device.h"
#include "disk/gpt_table.h"
#include "disk/kernel_table.h"
#include "disk/ntfs_volume.h"

namespace muster::disk {
namespace {

constexpr std::string_view kEspLabel = "SYSTEM";
constexpr std::string_view kWindowsLabel = "Windows";

Status remove_old_partitions(int fd, const std::string& name) {
    for (const auto& old : kernel_partitions(name)) {
        TRY(remove_kernel_partition(fd, old.number));
    }
    return {};
}

// Whatever file system began in these places before is no longer recognised by anybody.
Status wipe_starts(int fd, const std::vector<PlannedPartition>& plan) {
    const std::vector<char> zeros(kMiB);
    for (const auto& partition : plan) {
        auto offset = static_cast<off_t>(partition.start_bytes);
        if (::pwrite(fd, zeros.data(), zeros.size(), offset) !=
            static_cast<ssize_t>(zeros.size())) {
            return error_from_errno(errno, "wipe old data");
        }
    }
    if (::fsync(fd) != 0) return error_from_errno(errno, "wipe old data");
    return {};
}

// The kernel's partitions become those of the table; what already agrees is not touched.
Status tell_kernel(int fd, const std::string& name, const GptTable& table) {
    auto known = kernel_partitions(name);
    auto in_table = [&](int number) -> const GptPartition* {
        for (const auto& partition : table.partitions) {
            if (partition.number == number) return &partition;
        }
        return nullptr;
    };
    for (const auto& old : known) {
        const GptPartition* wanted = in_table(old.number);
        if (wanted == nullptr || wanted->start_bytes != old.start_bytes) {
            TRY(remove_kernel_partition(fd, old.number));
        }
    }
    known = kernel_partitions(name);
    for (const auto& wanted : table.partitions) {
        auto old = std::find_if(known.begin(), known.end(),
                                [&](const auto& each) { return each.number == wanted.number; });
        if (old == known.end()) {
            TRY(add_kernel_partition(fd, wanted.number, wanted.start_bytes, wanted.size_bytes));
        } else if (old->size_bytes != wanted.size_bytes) {
            TRY(resize_kernel_partition(fd, wanted.number, wanted.start_bytes, wanted.size_bytes));
        }
    }
    return {};
}

Result<Partition> locate(const std::string& name, const GptPartition& entry) {
    for (const auto& known : kernel_partitions(name)) {
        if (known.number != entry.number) continue;
        Partition partition;
        partition.number = entry.number;
        partition.device = "/dev/" + known.name;
        std::replace(partition.device.begin(), partition.device.end(), '!', '/');
        partition.start_bytes = entry.start_bytes;
        partition.size_bytes = entry.size_bytes;
        partition.guid = entry.guid;
        TRY(wait_for_device_node(partition.device));
        return partition;
    }
    return Error(Errc::io, "the kernel does not list partition " + std::to_string(entry.number));
}

bool is_ours(const GptTable& table) {
    static constexpr Role kRoles[] = {Role::esp, Role::msr, Role::windows, Role::staging};
    if (table.partitions.size() != 3 && table.partitions.size() != 4) return false;
    for (std::size_t i = 0; i < table.partitions.size(); ++i) {
        const auto& partition = table.partitions[i];
        if (partition.number != static_cast<int>(i) + 1) return false;
        if (partition.type_guid != type_guid(kRoles[i])) return false;
        if (partition.name != partition_name(kRoles[i])) return false;
    }
    return true;
}

Result<PartitionedDisk> describe(const std::string& path, const std::string& name,
                                 const GptTable& table) {
    PartitionedDisk disk;
    disk.path = path;
    disk.disk_guid = table.disk_guid;
    disk.sector_bytes = table.sector_bytes;
    disk.esp = TRY(locate(name, table.partitions[0]));
    disk.msr = TRY(locate(name, table.partitions[1]));
    disk.windows = TRY(locate(name, table.partitions[2]));
    if (table.partitions.size() == 4) disk.staging = TRY(locate(name, table.partitions[3]));
    return disk;
}

Result<PartitionedDisk> publish_table(int fd, const std::string& path, const std::string& name) {
    GptTable table = TRY(read_gpt(fd, path));
    if (!is_ours(table)) {
        return Error(Errc::not_found, path + " has a partition table that is not ours");
    }
    TRY(tell_kernel(fd, name, table));
    return describe(path, name, table);
}

Status format(const PartitionedDisk& disk) {
    auto made = format_fat32(disk.esp.device, std::string(kEspLabel), disk.sector_bytes,
                             disk.esp.start_bytes);
    if (!made.ok()) return made.error().context("formatting the EFI system partition failed");
    NtfsFormat windows{disk.windows.device, std::string(kWindowsLabel), disk.sector_bytes,
                       disk.windows.start_bytes};
    made = format_ntfs(windows);
    if (!made.ok()) return made.error().context("formatting Windows failed");
    return {};
}

}  // namespace

Result<PartitionedDisk> partition_disk(const std::string& path, const PartitionPlan& plan) {
    TRY(check_may_erase(path));
    std::string name = TRY(kernel_name(path));
    DiskInfo info = TRY(disk_info(path));
    auto planned = plan_partitions(plan, info.size_bytes, info.logical_sector_bytes);
    if (!planned.ok()) return planned.error().context("disk " + path);

    UniqueFd fd = TRY(open_exclusive(path));
    TRY(remove_old_partitions(fd.value(), name).context("disk " + path));
    auto written = write_gpt(fd.value(), path, planned.value());
    if (!written.ok()) {
        return written.error().context("disk " + path + ": writing the partition table failed");
    }
    const std::string stage = "disk " + path + ": partition table written";
    TRY(wipe_starts(fd.value(), planned.value()).context(stage + ", wiping failed"));
    auto disk = publish_table(fd.value(), path, name);
    if (!disk.ok()) return disk.error().context(stage + ", finding the partitions failed");
    fd.reset();
    auto formatted = format(disk.value());
    if (!formatted.ok()) {
        return Error(formatted.error().code(), stage + ", " + formatted.error().message());
    }
    return disk;
}

Result<PartitionedDisk> read_layout(const std::string& path) {
    std::string name = TRY(kernel_name(path));
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) return error_from_errno(errno, "open " + path);
    return publish_table(fd.value(), path, name).context("disk " + path);
}

Status remove_staging(PartitionedDisk& disk) {
    std::string name = TRY(kernel_name(disk.path));
    DiskInfo info = TRY(disk_info(disk.path));
    const std::string stage = "disk " + disk.path;
    UniqueFd fd = TRY(open_exclusive(disk.path));
    GptTable table = TRY(read_gpt(fd.value(), disk.path));
    if (!is_ours(table)) {
        return Error(Errc::not_found, stage + " no longer has the layout that Muster wrote");
    }
    std::uint64_t end = usable_end_bytes(info.size_bytes, info.logical_sector_bytes);
    std::uint64_t wanted = end - table.partitions[2].start_bytes;
    int staging = table.partitions.size() == 4 ? table.partitions[3].number : 0;
    if (staging != 0 || table.partitions[2].size_bytes != wanted) {
        int windows = table.partitions[2].number;
        // The kernel first: while somebody reads the staging partition, the table stays.
        if (staging != 0) TRY(tell_kernel(fd.value(), name, table).context(stage));
        if (staging != 0) TRY(remove_kernel_partition(fd.value(), staging).context(stage));
        TRY(change_gpt(fd.value(), disk.path, staging, windows, wanted)
                .context(stage + ": removing the staging partition failed"));
    }
    auto changed = publish_table(fd.value(), disk.path, name);
    if (!changed.ok()) {
        return changed.error().context(stage + ": staging partition removed, but");
    }
    fd.reset();
    disk = changed.value();
    const std::string grown = stage + ": staging partition removed, but growing Windows failed";
    TRY(grow_ntfs(disk.windows.device).context(grown));
    return check_ntfs(disk.windows.device).context(grown);
}

}  // namespace muster::disk
