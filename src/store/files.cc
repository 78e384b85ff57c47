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

Status write_private_file(const std::filesystem::path& path, std::string_view text) {
    const std::string temporary = path.string() + ".new";
    if (path.has_parent_path()) {
        std::error_code failure;
        std::filesystem::create_directories(path.parent_path(), failure);
        if (failure) return error_from_errno(failure.value(), path.parent_path().string());
    }
    ::unlink(temporary.c_str());
    {
        auto file = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600));
        const auto written = ::write(file.value(), text.data(), text.size());
        if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.value()) != 0) {
            return error_from_errno(written < 0 ? errno : ENOSPC, "writing " + temporary);
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        return error_from_errno(errno, path.string());
    return {};
}

Result<std::string> read_text_file(const std::filesystem::path& path) {
    auto file = TRY(open_file(path, O_RDONLY));
    std::string text;
    char buffer[4096];
    while (true) {
        const auto got = ::read(file.value(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading " + path.string());
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
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
