// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the kernel believes about a disk's partitions, changed one by one with BLKPG
// (linux/blkpg.h). The usual BLKRRPART re-reads everything, fails when any partition is open, and
// does nothing on a kernel or a loop device without partition scanning.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace muster::disk {

// `fd` is the whole disk. Errc::busy: the partition is open or mounted.
Status add_kernel_partition(int fd, int number, std::uint64_t start_bytes,
                            std::uint64_t size_bytes);
Status remove_kernel_partition(int fd, int number);
Status resize_kernel_partition(int fd, int number, std::uint64_t start_bytes,
                               std::uint64_t size_bytes);

// Waits until /dev/NAME exists and can be opened: at once with devtmpfs, after udev's work
// elsewhere. Errc::unavailable after 10 s.
Status wait_for_device_node(const std::string& device);

}  // namespace muster::disk
