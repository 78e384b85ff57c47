// SPDX-License-Identifier: GPL-3.0-or-later
#include "agent/image_apply.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "agent/image_staging.h"
#include "windows/ntfs_verify.h"
#include "windows/wim_apply.h"
#include "windows/wim_metadata.h"

namespace muster::agent {

namespace {

double fraction(std::uint64_t done, std::uint64_t total) {
    return total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
}

Status read_staged(int fd, std::uint64_t offset, MutableByteSpan out) {
    while (!out.empty()) {
        const auto got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading the staged image");
        if (got == 0) return Error(Errc::corrupt, "the staged image ends too early");
        out = out.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return {};
}

// Waits while the step is held. False: stop.
bool go_on(const ApplyJob& job, const std::string& stage, double done) {
    job.on_progress(stage, done);
    return job.gate->pass();
}

Status apply(const ApplyJob& job) {
    if (!go_on(job, "applying", 0)) return Error(Errc::cancelled, "stopped");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return error_from_errno(errno, "pipe");
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    Status fed;
    std::thread feeder([&] {
        fed = feed_pipe(job.staged_fd, job.image_bytes, ends[1], *job.gate);
        ::close(ends[1]);
    });
    auto applied = windows::apply_from_pipe(
        ends[0], job.index, job.disk.windows.device, [&](const windows::ApplyProgress& progress) {
            return go_on(job, "applying", fraction(progress.bytes_done, progress.bytes_total));
        });
    feeder.join();
    if (!fed.ok()) return fed;
    if (!applied.ok()) return applied.error();
    return {};
}

}  // namespace

Result<std::string> apply_and_verify(ApplyJob& job) {
    const std::string& device = job.disk.windows.device;
    TRY(apply(job).context("applying to " + device));
    auto metadata = TRY(windows::copy_metadata(
        job.image_bytes,
        [&](std::uint64_t offset, MutableByteSpan out) {
            return read_staged(job.staged_fd, offset, out);
        },
        job.work_folder, job.index));
    job.staged.reset();
    if (!go_on(job, "finishing the disk", 0)) {
        return Error(Errc::cancelled, "stopped before the disk was finished");
    }
    TRY(disk::remove_staging(job.disk));
    const auto on_verify = [&](const windows::VerifyProgress& progress) {
        return go_on(job, "verifying", fraction(progress.bytes_done, progress.bytes_total));
    };
    const auto report = TRY(windows::verify_volume(device, metadata.path(), job.index, on_verify)
                                .context("verifying " + device));
    if (!report.verified()) {
        return Error(Errc::corrupt, device + " differs from the image in " +
                                        std::to_string(report.difference_count) +
                                        " places, first: " + report.differences.front());
    }
    return "verified " + std::to_string(report.files) + " files, " +
           std::to_string(report.directories) + " directories, " + std::to_string(report.links) +
           " hard links, " + std::to_string(report.bytes) + " bytes";
}

}  // namespace muster::agent
