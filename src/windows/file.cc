// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace muster::windows {
namespace {

constexpr std::size_t kWriteBufferBytes = 1024 * 1024;

Result<std::uint64_t> size_of(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return error_from_errno(errno, path);
    if (S_ISDIR(status.st_mode)) {
        return Error(Errc::invalid_argument, path + " is a directory, not a file");
    }
    if (S_ISREG(status.st_mode)) return static_cast<std::uint64_t>(status.st_size);
    off_t end = ::lseek(fd, 0, SEEK_END);
    if (end < 0) return error_from_errno(errno, "size of " + path);
    return static_cast<std::uint64_t>(end);
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_from_errno(errno, path);
    InputFile file(fd, path, 0);
    file.size_bytes_ = TRY(size_of(fd, path));
    return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      size_bytes_(other.size_bytes_) {}

InputFile::~InputFile() {
    if (fd_ >= 0) ::close(fd_);
}

Status InputFile::read_at(std::uint64_t offset, MutableByteSpan out) const {
    while (!out.empty()) {
        ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return error_from_errno(errno, "read " + path_);
        if (count == 0) {
            return Error(Errc::corrupt, path_ + " is truncated: it ends at byte " +
                                            std::to_string(offset) + ", more was expected");
        }
        offset += static_cast<std::uint64_t>(count);
        out = out.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

ReadAt InputFile::reader() const {
    return [this](std::uint64_t offset, MutableByteSpan out) { return read_at(offset, out); };
}

Result<OutputFile> OutputFile::create(const std::string& path) {
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return error_from_errno(errno, path);
    return OutputFile(fd, path);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      written_(other.written_),
      buffer_(std::move(other.buffer_)),
      committed_(other.committed_) {}

OutputFile::~OutputFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!committed_) ::unlink(path_.c_str());
}

Status OutputFile::append(ByteSpan bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    if (buffer_.size() >= kWriteBufferBytes) return flush();
    return {};
}

Status OutputFile::flush() {
    ByteSpan rest = buffer_;
    while (!rest.empty()) {
        ssize_t count = ::write(fd_, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return error_from_errno(errno, "write " + path_);
        rest = rest.subspan(static_cast<std::size_t>(count));
    }
    written_ += buffer_.size();
    buffer_.clear();
    return {};
}

Status OutputFile::commit() {
    TRY(flush());
    if (::fsync(fd_) != 0) return error_from_errno(errno, "sync " + path_);
    TRY(sync_directory_of(path_));
    committed_ = true;
    return {};
}

Status sync_directory_of(const std::string& path) {
    std::size_t slash = path.rfind('/');
    std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return error_from_errno(errno, "open " + directory);
    int failed = ::fsync(fd) != 0 ? errno : 0;
    ::close(fd);
    // Some file systems have nothing to sync in a directory.
    if (failed != 0 && failed != EINVAL) return error_from_errno(failed, "sync " + directory);
    return {};
}

}  // namespace muster::windows
