// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/block_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "content/journal.h"
#include "net/fd.h"

namespace muster::session {

namespace {

using content::Descriptor;
using net::UniqueFd;

Status write_at(int fd, ByteSpan bytes, std::uint64_t offset, const std::string& what) {
    while (!bytes.empty()) {
        const auto done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return error_from_errno(errno, "writing " + what);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
    return {};
}

Status read_at(int fd, MutableByteSpan out, std::uint64_t offset, const std::string& what) {
    while (!out.empty()) {
        const auto got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_from_errno(errno, "reading " + what);
        if (got == 0) return Error(Errc::corrupt, what + ": ends too early");
        out = out.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return {};
}

// What the three stores share: an open descriptor and the arithmetic of blocks.
class DescriptorStore : public BlockStore {
public:
    DescriptorStore(UniqueFd fd, std::string name, const Descriptor& image)
        : fd_(std::move(fd)), name_(std::move(name)), image_(image), have_(image.block_count()) {}

    content::BlockSet have() const override { return have_; }
    Status write(std::uint32_t block, ByteSpan bytes) override {
        TRY(write_at(fd_.value(), bytes, image_.block_offset(block), name_));
        have_.set(block);
        return {};
    }
    Status read(std::uint32_t block, MutableByteSpan out) override {
        return read_at(fd_.value(), out, image_.block_offset(block), name_);
    }
    Status complete() override {
        complete_ = true;
        return {};
    }
    bool is_complete() const override { return complete_; }

protected:
    std::atomic<bool> complete_ = false;
    UniqueFd fd_;
    std::string name_;
    Descriptor image_;
    content::BlockSet have_;
};

class DeviceStore : public DescriptorStore {
public:
    using DescriptorStore::DescriptorStore;
    Status complete() override {
        if (::fdatasync(fd_.value()) != 0) return error_from_errno(errno, "syncing " + name_);
        return DescriptorStore::complete();
    }
};

// Every block is written and at once vouched for in the journal, so that a program that is killed
// loses no block it had. What the journal says is hashed when it is taken up again, therefore it
// may say too much after the power failed; syncing every kSyncBytes bounds how much.
class FileStore : public DescriptorStore {
public:
    FileStore(UniqueFd fd, UniqueFd journal, std::string path, const Descriptor& image,
              IntervalSet blocks, std::uint64_t journal_bytes)
        : DescriptorStore(std::move(fd), path + ".part", image),
          journal_(std::move(journal)),
          path_(std::move(path)),
          journal_bytes_(journal_bytes),
          unproven_(content::BlockSet::from_intervals(blocks, image.block_count())) {
        have_ = unproven_;
    }

    content::BlockSet unproven() const override { return unproven_; }
    void on_proven(const content::BlockSet& wrong) override {
        unproven_ = content::BlockSet(image_.block_count());
        for (auto b = wrong.first_set(0); b; b = wrong.first_set(*b + 1)) have_.clear(*b);
    }

    Status write(std::uint32_t block, ByteSpan bytes) override {
        TRY(DescriptorStore::write(block, bytes));
        const auto record = content::Journal::encode_record(block, block + 1);
        TRY(write_at(journal_.value(), record, journal_bytes_, name_ + ".journal"));
        journal_bytes_ += record.size();
        unsynced_bytes_ += bytes.size();
        if (unsynced_bytes_ >= kSyncBytes) TRY(sync());
        return {};
    }

    Status complete() override {
        if (complete_) return {};
        TRY(sync());
        if (::fsync(fd_.value()) != 0) return error_from_errno(errno, "syncing " + name_);
        if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
            return error_from_errno(errno, "renaming " + name_ + " to " + path_);
        }
        ::unlink((path_ + ".part.journal").c_str());
        const auto folder = std::filesystem::path(path_).parent_path();
        UniqueFd directory(
            ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory) ::fsync(directory.value());
        return DescriptorStore::complete();
    }

private:
    static constexpr std::uint64_t kSyncBytes = 8u << 20;

    Status sync() {
        if (unsynced_bytes_ == 0) return {};
        if (::fdatasync(fd_.value()) != 0) return error_from_errno(errno, "syncing " + name_);
        if (::fdatasync(journal_.value()) != 0) {
            return error_from_errno(errno, "syncing " + name_ + ".journal");
        }
        unsynced_bytes_ = 0;
        return {};
    }

    UniqueFd journal_;
    std::string path_;
    std::uint64_t journal_bytes_;
    content::BlockSet unproven_;
    std::uint64_t unsynced_bytes_ = 0;
};

Status check_room(const std::string& part, std::uint64_t image_bytes) {
    struct stat info {};
    const std::uint64_t there =
        ::stat(part.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
    const auto folder = std::filesystem::path(part).parent_path().string();
    struct statvfs space {};
    if (::statvfs(folder.empty() ? "." : folder.c_str(), &space) != 0) {
        return error_from_errno(errno, folder);
    }
    const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    if (free + there >= image_bytes) return {};
    return Error(Errc::no_space, part + ": not enough space: the image has " +
                                     std::to_string(image_bytes) + " bytes, only " +
                                     std::to_string(free) +
                                     " are free there; make room or choose another --out");
}

Result<content::Journal> read_journal(int fd, const std::string& name, const Descriptor& image) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return error_from_errno(errno, name);
    Bytes bytes(static_cast<std::size_t>(info.st_size));
    TRY(read_at(fd, bytes, 0, name));
    return content::Journal::decode(bytes, image);
}

}  // namespace

Result<std::unique_ptr<BlockStore>> open_file_store(const std::string& path,
                                                    const Descriptor& image) {
    if (std::filesystem::exists(path)) {
        return Error(Errc::already_exists, path +
                                               " exists already: remove it or choose another "
                                               "--out");
    }
    const std::string part = path + ".part";
    const std::string journal_path = part + ".journal";
    TRY(check_room(part, image.image_bytes));
    UniqueFd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return error_from_errno(errno, part);
    UniqueFd journal(::open(journal_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!journal) return error_from_errno(errno, journal_path);
    struct stat info {};
    if (::fstat(fd.value(), &info) != 0) return error_from_errno(errno, part);
    auto known = read_journal(journal.value(), journal_path, image);
    if (static_cast<std::uint64_t>(info.st_size) != image.image_bytes) {
        known = Error(Errc::corrupt, part + ": not the file its journal speaks of");
    }
    IntervalSet blocks;
    std::uint64_t journal_bytes = content::kJournalHeaderBytes;
    if (known.ok()) {
        blocks = known->blocks;
        journal_bytes = known->valid_bytes;
        if (::ftruncate(journal.value(), static_cast<off_t>(journal_bytes)) != 0) {
            return error_from_errno(errno, journal_path);
        }
    } else {
        // Of another image, or cut off in its header: nothing in the part file is vouched for.
        if (::ftruncate(journal.value(), 0) != 0 || ::ftruncate(fd.value(), 0) != 0) {
            return error_from_errno(errno, journal_path);
        }
        TRY(write_at(journal.value(), content::Journal::encode_header(image), 0, journal_path));
    }
    if (::ftruncate(fd.value(), static_cast<off_t>(image.image_bytes)) != 0) {
        return error_from_errno(errno, part);
    }
    return std::unique_ptr<BlockStore>(new FileStore(std::move(fd), std::move(journal), path, image,
                                                     std::move(blocks), journal_bytes));
}

Result<std::unique_ptr<BlockStore>> open_memory_store(const Descriptor& image, int* fd) {
    UniqueFd memory(::memfd_create("muster-image", MFD_CLOEXEC));
    if (!memory) return error_from_errno(errno, "memory for the image");
    if (::ftruncate(memory.value(), static_cast<off_t>(image.image_bytes)) != 0) {
        return error_from_errno(errno, "memory for the image");
    }
    *fd = memory.value();
    return std::unique_ptr<BlockStore>(
        new DescriptorStore(std::move(memory), "memory for the image", image));
}

Result<std::unique_ptr<BlockStore>> open_device_store(const std::string& device,
                                                      const Descriptor& image, int* fd) {
    UniqueFd opened(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (!opened) return error_from_errno(errno, device);
    std::uint64_t bytes = 0;
    if (::ioctl(opened.value(), BLKGETSIZE64, &bytes) != 0) return error_from_errno(errno, device);
    if (bytes < image.image_bytes) {
        return Error(Errc::no_space, device + ": has " + std::to_string(bytes) +
                                         " bytes, the image " + std::to_string(image.image_bytes));
    }
    *fd = opened.value();
    return std::unique_ptr<BlockStore>(new DeviceStore(std::move(opened), device, image));
}

}  // namespace muster::session
