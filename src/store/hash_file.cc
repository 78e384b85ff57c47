// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/hash_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "store/files.h"

namespace muster::store {

namespace {
// Large enough that a system call costs nothing beside hashing it (2 ms).
constexpr std::size_t kBufferBytes = 4U << 20;
}  // namespace

Result<content::Manifest> hash_file(const std::filesystem::path& path, const HashProgress& progress,
                                    std::uint32_t block_bytes) {
    auto file = TRY(open_file(path, O_RDONLY));
    struct stat status = {};
    if (::fstat(file.value(), &status) != 0) return error_from_errno(errno, path.string());
    if (!S_ISREG(status.st_mode)) {
        return Error(Errc::invalid_argument, path.string() + ": not a regular file");
    }
    const auto total_bytes = static_cast<std::uint64_t>(status.st_size);
    if (total_bytes == 0) {
        return Error(Errc::invalid_argument, path.string() + ": the file is empty");
    }
    // Advice only: a file system that does not take it reads as well, just slower.
    static_cast<void>(::posix_fadvise(file.value(), 0, 0, POSIX_FADV_SEQUENTIAL));

    content::ManifestBuilder builder(block_bytes);
    std::vector<std::byte> buffer(kBufferBytes);
    std::uint64_t done_bytes = 0;
    for (;;) {
        const ssize_t got = ::read(file.value(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading " + path.string());
        if (got == 0) break;
        builder.add(ByteSpan(buffer).first(static_cast<std::size_t>(got)));
        done_bytes += static_cast<std::uint64_t>(got);
        if (progress) TRY(progress(done_bytes, total_bytes));
    }
    if (done_bytes != total_bytes) {
        return Error(Errc::corrupt, path.string() + ": it changed while it was read (" +
                                        std::to_string(total_bytes) + " bytes before, " +
                                        std::to_string(done_bytes) + " read)");
    }
    return std::move(builder.finish()).context(path.string());
}

}  // namespace muster::store
