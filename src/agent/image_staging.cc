// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/image_staging.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace muster::agent {

Result<std::unique_ptr<session::BlockStore>> open_staging(const std::string& staging_device,
                                                          const content::Descriptor& image,
                                                          int* fd) {
    if (staging_device.empty()) return session::open_memory_store(image, fd);
    return session::open_device_store(staging_device, image, fd);
}

Status feed_pipe(int fd, std::uint64_t bytes, int pipe_fd, const StepGate& gate) {
    std::vector<char> buffer(1 << 20);
    std::uint64_t done = 0;
    while (done < bytes) {
        if (!gate.pass()) return Error(Errc::cancelled, "stopped while the image was applied");
        const auto want = std::min<std::uint64_t>(buffer.size(), bytes - done);
        const auto got = ::pread(fd, buffer.data(), want, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading the staged image");
        if (got == 0) return Error(Errc::corrupt, "the staged image ends too early");
        for (ssize_t written = 0; written < got;) {
            const auto put =
                ::write(pipe_fd, buffer.data() + written, static_cast<std::size_t>(got - written));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0 && errno == EPIPE) return {};
            if (put < 0) return error_from_errno(errno, "feeding the image to be applied");
            written += put;
        }
        done += static_cast<std::uint64_t>(got);
    }
    return {};
}

}  // namespace muster::agent
