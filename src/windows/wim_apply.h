// SPDX-License-Identifier: GPL-3.0-or-later
//
// Applies an image to an unmounted NTFS volume while it is still arriving. libwim reads a pipe: it
// takes header, XML and the metadata resources of ALL images first, in the order of the file; after
// that resources may come in ANY order, each with its own header and SHA-1, unknown or repeated
// ones are skipped, and the call returns as soon as every content the index needs has come. Who
// feeds the pipe (and survives EPIPE when apply ends early) is the caller.
//
// One call blocks a thread for the whole apply. Several may run at once in one process; libwim's
// global start is done once, by whoever comes first.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace muster::windows {

struct ApplyProgress {
    std::uint64_t files_done = 0;  // created on the volume, before any contents
    std::uint64_t files_total = 0;
    std::uint64_t bytes_done = 0;  // contents, uncompressed
    std::uint64_t bytes_total = 0;
};
// Returning false cancels at the next message.
using ApplyProgressCallback = std::function<bool(const ApplyProgress&)>;

struct ApplyResult {
    std::uint64_t files = 0;  // directory entries created
    std::uint64_t bytes = 0;  // contents written, uncompressed
};

// Takes ownership of `pipe_fd` (the reading end) and closes it in every case, which is how the
// feeder learns of the end. `ntfs_device` is formatted and empty. On error the volume is
// incomplete and has to be formatted again.
// Errc::corrupt: what came through the pipe is not the image, or ended too early; Errc::io: the
// volume; Errc::cancelled.
Result<ApplyResult> apply_from_pipe(int pipe_fd, int index, const std::string& ntfs_device,
                                    const ApplyProgressCallback& progress = {});

}  // namespace muster::windows
