// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/copy_blocks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "store/files.h"

namespace muster::store {

Status copy_blocks(const std::filesystem::path& from, const std::filesystem::path& to,
                   std::span<const std::uint32_t> blocks, std::uint32_t block_bytes) {
    auto source = TRY(open_file(from, O_RDONLY));
    auto target = TRY(open_file(to, O_WRONLY));
    std::vector<std::byte> buffer(block_bytes);
    for (const std::uint32_t block : blocks) {
        const auto offset = static_cast<off_t>(block) * block_bytes;
        const ssize_t got = ::pread(source.value(), buffer.data(), buffer.size(), offset);
        if (got < 0) return error_from_errno(errno, "reading " + from.string());
        if (got == 0) return Error(Errc::corrupt, from.string() + ": it is too short");
        ssize_t done = 0;
        while (done < got) {
            const ssize_t put = ::pwrite(target.value(), buffer.data() + done,
                                         static_cast<std::size_t>(got - done), offset + done);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return error_from_errno(errno, "writing " + to.string());
            done += put;
        }
    }
    if (::fdatasync(target.value()) != 0) return error_from_errno(errno, "syncing " + to.string());
    return {};
}

}  // namespace muster::store
