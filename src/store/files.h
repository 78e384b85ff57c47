// SPDX-License-Identifier: GPL-3.0-or-later
//
// The few calls of the operating system that decide whether a file survives a power cut, as
// Results that name the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace muster::store {

// Owns one open file.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor();
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    int value() const { return fd_; }

private:
    int fd_ = -1;
};

// flags as open(2), close-on-exec added. Errors as error_from_errno.
Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0);

// Makes a file's bytes, or a folder's entries, durable. Errc::no_space, io: they may be lost.
Status sync_path(const std::filesystem::path& path);

// Replaces the file by one with this text and mode 0600, atomically and durably; makes missing
// folders. For tokens and keys.
Status write_private_file(const std::filesystem::path& path, std::string_view text);

// The whole of a small file. Errors as error_from_errno, "WHAT PATH: ...".
Result<std::string> read_text_file(const std::filesystem::path& path);

// Errc::no_space, with both numbers and what to do, when the file system of `folder` has less than
// `needed_bytes` to give.
Status free_space_check(const std::filesystem::path& folder, std::uint64_t needed_bytes);

// "4.2 GB", powers of ten.
std::string format_bytes(std::uint64_t bytes);

}  // namespace muster::store
