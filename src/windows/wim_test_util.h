// SPDX-License-Identifier: GPL-3.0-or-later
//
// For tests: real trees of files captured into real WIM files with libwim, and real NTFS volumes on
// loop disks, mounted with ntfs-3g where a test changes something on purpose.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wimlib.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "disk/loop_disk_test_util.h"
#include "disk/ntfs_volume.h"
#include "disk/process.h"
#include "windows/file.h"
#include "windows/wim_format.h"
#include "windows/wimlib_adapter.h"

namespace muster::windows {

namespace fs = std::filesystem;

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        char name[] = "/var/tmp/muster-windows-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline std::string random_text(std::uint64_t seed, std::size_t bytes) {
    Prng prng(seed);
    std::string text(bytes, '\0');
    // Half of it repeats, so that there is something to compress.
    for (std::size_t i = 0; i < bytes; ++i) {
        text[i] = (i / 512) % 2 == 0 ? static_cast<char>(prng.next()) : "abcdefgh"[i % 8];
    }
    return text;
}

inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    ASSERT_TRUE(out.good()) << path;
}

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Everything that has gone wrong elsewhere: hard links across directories, symlinks of each kind,
// empty things, long names, names that differ in case, sizes around a chunk, one big file.
inline void make_tree(const std::string& root) {
    for (const char* directory :
         {"/usr/bin", "/usr/lib/deep/deeper/deepest", "/empty", "/многоязычно"}) {
        fs::create_directories(root + directory);
    }
    write_file(root + "/usr/bin/x", "x marks the spot");
    write_file(root + "/usr/bin/empty", "");
    write_file(root + "/usr/bin/Case", "upper");
    write_file(root + "/usr/bin/case", "lower");
    write_file(root + "/многоязычно/日本語 ファイル \xF0\x9F\x92\xBE.txt", "unicode");
    write_file(root + "/usr/lib/" + std::string(250, 'n') + ".dll", "long");
    std::uint64_t seed = 1;
    for (std::size_t size : {1u, 4095u, 4096u, 32767u, 32768u, 32769u, 65536u, 300000u}) {
        write_file(root + "/usr/lib/size" + std::to_string(size), random_text(seed++, size));
    }
    write_file(root + "/usr/lib/zeros", std::string(200000, '\0'));
    write_file(root + "/big", random_text(77, 12 * 1024 * 1024));
    for (int i = 0; i < 200; ++i) {
        write_file(root + "/usr/lib/deep/file" + std::to_string(i), random_text(1000 + i, 100 + i));
    }
    fs::create_hard_link(root + "/usr/bin/x", root + "/usr/bin/y");
    fs::create_hard_link(root + "/usr/bin/x", root + "/usr/lib/deep/deeper/z");
    fs::create_symlink("x", root + "/usr/bin/relative");
    fs::create_symlink("/usr/lib/deep", root + "/absolute");
    fs::create_symlink("nowhere/at/all", root + "/usr/lib/dangling");
}

struct CaptureOptions {
    wimlib_compression_type compression = WIMLIB_COMPRESSION_TYPE_XPRESS;
    bool integrity = true;
    bool solid = false;
    bool pipable = false;
    bool ntfs = false;
};

// One image per source: a directory, or with `ntfs` a device.
inline void capture(const std::vector<std::string>& sources, const std::string& wim_path,
                    const CaptureOptions& options = {}) {
    ASSERT_TRUE(start_wimlib().ok());
    WIMStruct* raw = nullptr;
    ASSERT_EQ(wimlib_create_new_wim(options.compression, &raw), 0);
    WimHandle wim(raw);
    int index = 0;
    for (const auto& source : sources) {
        std::string name = "Image " + std::to_string(++index);
        int flags = options.ntfs ? WIMLIB_ADD_FLAG_NTFS : WIMLIB_ADD_FLAG_NORPFIX;
        int code = wimlib_add_image(raw, source.c_str(), name.c_str(), nullptr, flags);
        ASSERT_EQ(code, 0) << wimlib_error(code, source).message();
    }
    int flags = (options.integrity ? WIMLIB_WRITE_FLAG_CHECK_INTEGRITY : 0) |
                (options.solid ? WIMLIB_WRITE_FLAG_SOLID : 0) |
                (options.pipable ? WIMLIB_WRITE_FLAG_PIPABLE : 0);
    int code = wimlib_write(raw, wim_path.c_str(), WIMLIB_ALL_IMAGES, flags, 1);
    ASSERT_EQ(code, 0) << wimlib_error(code, wim_path).message();
}

// A loop disk that is one NTFS volume.
inline std::unique_ptr<disk::LoopDisk> make_volume(std::uint64_t bytes = 256 * 1024 * 1024,
                                                   std::uint32_t sector_bytes = 512) {
    auto volume = disk::LoopDisk::create(bytes, sector_bytes);
    if (!volume) return nullptr;
    auto made = disk::format_ntfs({volume->path(), "Test", sector_bytes, 0});
    EXPECT_TRUE(made.ok()) << made.error().message();
    return volume;
}

// Mounted with ntfs-3g for as long as it lives.
class MountedVolume {
public:
    explicit MountedVolume(const std::string& device) : device_(device) {
        auto mounted = disk::run_process(
            {"ntfs-3g", "-o", "streams_interface=windows", device, directory_.path()});
        mounted_ = mounted.ok();
        EXPECT_TRUE(mounted.ok()) << mounted.error().message();
    }
    ~MountedVolume() {
        if (!mounted_) return;
        EXPECT_EQ(::umount2(directory_.path().c_str(), 0), 0);
        // The FUSE process writes its last blocks after umount has returned.
        auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!disk::open_exclusive(device_).ok()) {
            if (std::chrono::steady_clock::now() > limit) {
                ADD_FAILURE() << device_ << " is still in use";
                return;
            }
            std::this_thread::yield();
        }
    }
    std::string operator/(const std::string& name) const { return directory_ / name; }

private:
    std::string device_;
    TemporaryDirectory directory_;
    bool mounted_ = false;
};

// Feeds a pipe from another thread, like an agent whose blocks arrive.
class PipeFeeder {
public:
    explicit PipeFeeder(std::function<void(int fd)> feed) {
        ::signal(SIGPIPE, SIG_IGN);
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reader_ = ends[0];
        thread_ = std::thread([feed = std::move(feed), fd = ends[1]] {
            feed(fd);
            ::close(fd);
        });
    }
    ~PipeFeeder() { thread_.join(); }
    // Given to apply_from_pipe, which closes it.
    int reader() const { return reader_; }

private:
    int reader_ = -1;
    std::thread thread_;
};

inline void feed_range(int fd, const InputFile& file, std::uint64_t offset, std::uint64_t count) {
    Bytes buffer;
    while (count > 0) {
        buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, 65536)));
        if (!file.read_at(offset, buffer).ok()) return;
        ssize_t written = ::write(fd, buffer.data(), buffer.size());
        if (written <= 0) return;
        offset += static_cast<std::uint64_t>(written);
        count -= static_cast<std::uint64_t>(written);
    }
}

inline void feed_file(int fd, const std::string& path) {
    auto file = InputFile::open(path);
    ASSERT_TRUE(file.ok());
    feed_range(fd, file.value(), 0, file->size_bytes());
}

}  // namespace muster::windows
