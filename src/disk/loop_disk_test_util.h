// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests: a real disk, a sparse file on a loop device of our own. Autoclear detaches it when
// the last descriptor closes, so a test that crashes leaves nothing behind either.
#pragma once

#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "disk/block_device.h"
#include "disk/kernel_table.h"

namespace muster::disk {

class LoopDisk {
public:
    // Null when loop devices cannot be had (not root, no loop driver).
    static std::unique_ptr<LoopDisk> create(std::uint64_t size_bytes,
                                            std::uint32_t sector_bytes = 512,
                                            bool read_only = false,
                                            const std::string& directory = "/var/tmp") {
        std::string file = directory + "/muster-loop-XXXXXX";
        UniqueFd backing(::mkostemp(file.data(), O_CLOEXEC));
        if (!backing.valid()) return nullptr;
        ::unlink(file.c_str());
        if (::ftruncate(backing.value(), static_cast<off_t>(size_bytes)) != 0) return nullptr;
        UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        if (!control.valid()) return nullptr;
        for (int attempt = 0; attempt < 100; ++attempt) {
            int number = ::ioctl(control.value(), LOOP_CTL_GET_FREE);
            if (number < 0) return nullptr;
            std::string path = "/dev/loop" + std::to_string(number);
            UniqueFd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
            if (!device.valid()) continue;
            loop_config config{};
            config.fd = static_cast<std::uint32_t>(backing.value());
            config.block_size = sector_bytes;
            config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN;
            if (read_only) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
            if (::ioctl(device.value(), LOOP_CONFIGURE, &config) == 0) {
                return std::unique_ptr<LoopDisk>(
                    new LoopDisk(std::move(path), std::move(device), std::move(backing)));
            }
            if (errno != EBUSY) return nullptr;  // else another process was faster
        }
        return nullptr;
    }
    ~LoopDisk() {
        if (auto name = kernel_name(path_); name.ok()) {
            for (const auto& partition : kernel_partitions(name.value())) {
                auto removed = remove_kernel_partition(device_.value(), partition.number);
                static_cast<void>(removed);
            }
        }
    }
    const std::string& path() const { return path_; }
    // The file behind the disk, for reading what was written.
    int backing_fd() const { return backing_.value(); }
    std::uint64_t allocated_bytes() const {
        struct stat status {};
        ::fstat(backing_.value(), &status);
        return static_cast<std::uint64_t>(status.st_blocks) * 512;
    }

private:
    LoopDisk(std::string path, UniqueFd device, UniqueFd backing)
        : path_(std::move(path)), backing_(std::move(backing)), device_(std::move(device)) {}
    std::string path_;
    UniqueFd backing_;
    UniqueFd device_;
};

}  // namespace muster::disk
