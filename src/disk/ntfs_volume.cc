// SPDX-License-Identifier: GPL-3.0-or-later
//
// Boot sector fields (NTFS BIOS parameter block): bytes per sector at 0x0B (u16), total sectors at
// 0x28 (u64), both little endian; its copy is in the last sector of the partition.
#include "disk/ntfs_volume.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "disk/process.h"
#include "disk/unique_fd.h"

// libntfs-3g's headers expect its own configure script to have run.
#define HAVE_TIME_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_STDARG_H 1
extern "C" {
#include <ntfs-3g/volume.h>
}

namespace muster::disk {
namespace {

std::uint64_t little_endian(const unsigned char* bytes, int count) {
    std::uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes[i];
    return value;
}

Result<std::vector<unsigned char>> read_boot_sector(int fd, const std::string& device) {
    std::vector<unsigned char> sector(4096);
    if (::pread(fd, sector.data(), sector.size(), 0) != static_cast<ssize_t>(sector.size())) {
        return error_from_errno(errno, "read the boot sector of " + device);
    }
    std::uint64_t sector_bytes = little_endian(&sector[0x0B], 2);
    if (std::memcmp(&sector[3], "NTFS    ", 8) != 0 ||
        (sector_bytes != 512 && sector_bytes != 4096)) {
        return Error(Errc::corrupt, device + " holds no NTFS file system");
    }
    sector.resize(sector_bytes);
    return sector;
}

Status copy_boot_sector_to_end(const std::string& device) {
    UniqueFd fd(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) return error_from_errno(errno, "open " + device);
    auto sector = TRY(read_boot_sector(fd.value(), device));
    std::uint64_t size = 0;
    if (::ioctl(fd.value(), BLKGETSIZE64, &size) != 0) {
        return error_from_errno(errno, "size of " + device);
    }
    auto offset = static_cast<off_t>(size - sector.size());
    if (::pwrite(fd.value(), sector.data(), sector.size(), offset) !=
            static_cast<ssize_t>(sector.size()) ||
        ::fsync(fd.value()) != 0) {
        return error_from_errno(errno, "write the boot sector copy of " + device);
    }
    return {};
}

Result<ntfs_volume*> mount(const std::string& device, ntfs_mount_flags flags) {
    ntfs_volume* volume = ntfs_mount(device.c_str(), flags);
    if (volume == nullptr) return error_from_errno(errno, "open the NTFS volume " + device);
    return volume;
}

Status clear_dirty_flag(const std::string& device) {
    ntfs_volume* volume = TRY(mount(device, 0));
    le16 flags = volume->flags & ~VOLUME_IS_DIRTY;
    int failed = ntfs_volume_write_flags(volume, flags) != 0 ? errno : 0;
    if (ntfs_umount(volume, FALSE) != 0 && failed == 0) failed = errno;
    if (failed != 0) return error_from_errno(failed, "mark " + device + " as clean");
    return {};
}

}  // namespace

Status format_ntfs(const NtfsFormat& format) {
    auto ran =
        run_process({"mkntfs", "--quick", "--cluster-size", "4096", "--sector-size",
                     std::to_string(format.sector_bytes), "--partition-start",
                     std::to_string(format.start_bytes / format.sector_bytes), "--heads", "255",
                     "--sectors-per-track", "63", "--label", format.label, format.device});
    if (!ran.ok()) return ran.error();
    return {};
}

Status format_fat32(const std::string& device, const std::string& label, std::uint64_t sector_bytes,
                    std::uint64_t start_bytes) {
    auto ran = run_process({"mkfs.fat", "-F", "32", "-S", std::to_string(sector_bytes), "-s", "1",
                            "-h", std::to_string(start_bytes / sector_bytes), "-n", label, device});
    if (!ran.ok()) return ran.error();
    return {};
}

Status grow_ntfs(const std::string& device) {
    // Once --force: no question is asked. Twice would also accept a damaged volume.
    auto ran = run_process({"ntfsresize", "--force", "--no-progress-bar", device});
    if (!ran.ok()) return ran.error();
    TRY(clear_dirty_flag(device));
    return copy_boot_sector_to_end(device);
}

Status check_ntfs(const std::string& device) {
    ntfs_volume* volume = TRY(mount(device, NTFS_MNT_RDONLY));
    bool dirty = (volume->flags & VOLUME_IS_DIRTY) != 0;
    ntfs_umount(volume, FALSE);
    if (dirty) return Error(Errc::corrupt, device + " is marked for a file system check");
    auto ran = run_process({"ntfsresize", "--check", "--no-progress-bar", device});
    if (!ran.ok()) return Error(Errc::corrupt, device + ": " + ran.error().message());
    return {};
}

Result<std::uint64_t> ntfs_size_bytes(const std::string& device) {
    UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return error_from_errno(errno, "open " + device);
    auto sector = TRY(read_boot_sector(fd.value(), device));
    return little_endian(&sector[0x28], 8) * sector.size();
}

}  // namespace muster::disk
