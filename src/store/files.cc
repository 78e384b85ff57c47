// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/files.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace muster::store {

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return error_from_errno(errno, path.string());
    return FileDescriptor(fd);
}

Status sync_path(const std::filesystem::path& path) {
    auto file = TRY(open_file(path, O_RDONLY));
    if (::fsync(file.value()) != 0) {
        return error_from_errno(errno, "writing " + path.string() + " to the disk");
    }
    return {};
}

Status free_space_check(const std::filesystem::path& folder, std::uint64_t needed_bytes) {
    struct statvfs space = {};
    if (::statvfs(folder.c_str(), &space) != 0) return error_from_errno(errno, folder.string());
    const std::uint64_t free_bytes =
        static_cast<std::uint64_t>(space.f_bavail) * static_cast<std::uint64_t>(space.f_frsize);
    if (free_bytes >= needed_bytes) return {};
    return Error(Errc::no_space, folder.string() + ": " + format_bytes(needed_bytes) +
                                     " are needed, " + format_bytes(free_bytes) +
                                     " are free; make room or use another disk");
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    auto amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (amount >= 999.95) {
        amount /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", amount, kUnits[unit]);
    return text;
}

}  // namespace muster::store
