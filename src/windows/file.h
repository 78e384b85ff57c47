// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plain files for reading images and writing new ones: whole reads at an offset, appended writes,
// errors that name the path. A new file that is not committed is removed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::windows {

// Fills `out` from `offset`, wholly or not at all. The image may be a file, memory or a partition.
using ReadAt = std::function<Status(std::uint64_t offset, MutableByteSpan out)>;

class InputFile {
public:
    // Errc::not_found, permission_denied, io; Errc::invalid_argument for a directory.
    static Result<InputFile> open(const std::string& path);
    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&&) = delete;
    ~InputFile();
    std::uint64_t size_bytes() const { return size_bytes_; }
    const std::string& path() const { return path_; }
    // Errc::corrupt when the file ends before.
    Status read_at(std::uint64_t offset, MutableByteSpan out) const;
    // Valid while this file lives.
    ReadAt reader() const;

private:
    InputFile(int fd, std::string path, std::uint64_t size_bytes)
        : fd_(fd), path_(std::move(path)), size_bytes_(size_bytes) {}
    int fd_;
    std::string path_;
    std::uint64_t size_bytes_;
};

class OutputFile {
public:
    // Errc::already_exists when there is one: nothing is overwritten.
    static Result<OutputFile> create(const std::string& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();
    // Where the next byte goes.
    std::uint64_t offset() const { return written_ + buffer_.size(); }
    Status append(ByteSpan bytes);
    // Written, synced, the directory entry too; from then on the file stays.
    Status commit();
    const std::string& path() const { return path_; }

private:
    OutputFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    Status flush();
    int fd_;
    std::string path_;
    std::uint64_t written_ = 0;
    Bytes buffer_;
    bool committed_ = false;
};

// Syncs the directory that holds `path`, so that the file is found after a crash.
Status sync_directory_of(const std::string& path);

}  // namespace muster::windows
