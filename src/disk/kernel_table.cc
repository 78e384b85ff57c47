// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/kernel_table.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "disk/unique_fd.h"

namespace muster::disk {
namespace {

constexpr auto kNodeWait = std::chrono::seconds(10);
constexpr auto kNodePoll = std::chrono::milliseconds(5);

Status blkpg(int fd, int operation, int number, std::uint64_t start_bytes, std::uint64_t size_bytes,
             const char* verb) {
    blkpg_partition partition{};
    partition.start = static_cast<long long>(start_bytes);
    partition.length = static_cast<long long>(size_bytes);
    partition.pno = number;
    blkpg_ioctl_arg argument{};
    argument.op = operation;
    argument.datalen = sizeof partition;
    argument.data = &partition;
    if (::ioctl(fd, BLKPG, &argument) != 0) {
        return error_from_errno(errno, std::string("tell the kernel to ") + verb + " partition " +
                                           std::to_string(number));
    }
    return {};
}

}  // namespace

Status add_kernel_partition(int fd, int number, std::uint64_t start_bytes,
                            std::uint64_t size_bytes) {
    return blkpg(fd, BLKPG_ADD_PARTITION, number, start_bytes, size_bytes, "add");
}

Status remove_kernel_partition(int fd, int number) {
    return blkpg(fd, BLKPG_DEL_PARTITION, number, 0, 0, "remove");
}

Status resize_kernel_partition(int fd, int number, std::uint64_t start_bytes,
                               std::uint64_t size_bytes) {
    return blkpg(fd, BLKPG_RESIZE_PARTITION, number, start_bytes, size_bytes, "resize");
}

Status wait_for_device_node(const std::string& device) {
    auto limit = std::chrono::steady_clock::now() + kNodeWait;
    for (;;) {
        UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
        if (fd.valid()) return {};
        if (errno != ENOENT && errno != ENXIO) return error_from_errno(errno, "open " + device);
        if (std::chrono::steady_clock::now() > limit) {
            return Error(Errc::unavailable,
                         device + " did not appear within 10 s: is /dev a devtmpfs?");
        }
        std::this_thread::sleep_for(kNodePoll);
    }
}

}  // namespace muster::disk
