// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads an unmounted NTFS volume: directories, attributes, streams, reparse points, times. Read
// only, and with libntfs-3g directly, so that what checks an applied volume shares no code with
// libwim, which wrote it. Names are UTF-16, as on the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

struct _ntfs_volume;
struct _ntfs_inode;

namespace muster::windows {

// A file's number in the master file table; hard links share it.
using MftNumber = std::uint64_t;
constexpr MftNumber kNtfsRoot = 5;
// Numbers below are NTFS's own files ($MFT, $Bitmap, ...), which stand in the root directory.
constexpr MftNumber kFirstUserFile = 16;

struct NtfsName {
    enum class Kind { posix, windows, dos, windows_and_dos };
    std::u16string name;
    Kind kind = Kind::posix;
    MftNumber file = 0;
};

class NtfsInode {
public:
    NtfsInode(NtfsInode&&) noexcept = default;
    bool is_directory() const;
    std::uint32_t attributes() const;           // FILE_ATTRIBUTE_*, without the directory bit
    std::uint64_t creation_time_100ns() const;  // since 1601
    std::uint64_t write_time_100ns() const;
    // All names in this directory, NTFS's own files left out.
    Result<std::vector<NtfsName>> list() const;
    struct Stream {
        std::u16string name;  // empty: the file's own data
        std::uint64_t size_bytes = 0;
    };
    Result<std::vector<Stream>> streams() const;
    // Hands the stream's bytes to `visit` in order; false stops. A stream that is not there is
    // Errc::not_found.
    Status read_stream(const std::u16string& name,
                       const std::function<bool(ByteSpan)>& visit) const;
    // Tag, length and data as stored; empty when it is no reparse point.
    Result<Bytes> reparse_point() const;
    // Self-relative; empty when it has none.
    Result<Bytes> security_descriptor() const;

private:
    friend class NtfsVolume;
    struct Close {
        void operator()(_ntfs_inode* inode) const;
    };
    explicit NtfsInode(_ntfs_inode* raw) : raw_(raw) {}
    std::unique_ptr<_ntfs_inode, Close> raw_;
};

class NtfsVolume {
public:
    // Errc::io, not_found; Errc::corrupt: no NTFS volume.
    static Result<NtfsVolume> open_read_only(const std::string& device);
    NtfsVolume(NtfsVolume&&) noexcept = default;
    // The inode must go before the volume, and before the same file is opened again: libntfs-3g
    // keeps closed inodes in a cache and loses one of two.
    Result<NtfsInode> open(MftNumber file) const;
    // No file has this number or a higher one.
    std::uint64_t record_count() const;
    // True when Windows would run chkdsk.
    bool is_dirty() const;

private:
    struct Unmount {
        void operator()(_ntfs_volume* volume) const;
    };
    explicit NtfsVolume(_ntfs_volume* raw) : raw_(raw) {}
    std::unique_ptr<_ntfs_volume, Unmount> raw_;
};

// libwim's and our UTF-8, in which unpaired surrogates may stand as three bytes (NTFS permits
// them).
std::u16string to_utf16(std::string_view text);
std::string to_utf8(std::u16string_view text);

}  // namespace muster::windows
