// SPDX-License-Identifier: GPL-3.0-or-later
//
// Apply and verify on real NTFS volumes (loop disks, ntfs-3g for the damage); needs root.
#include "windows/ntfs_verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "disk/partition.h"
#include "windows/ntfs_reader.h"
#include "windows/wim_apply.h"
#include "windows/wim_import.h"
#include "windows/wim_metadata.h"
#include "windows/wim_test_util.h"

namespace muster::windows {
namespace {

Result<ApplyResult> apply_file(const std::string& image, int index, const std::string& device) {
    PipeFeeder feeder([&](int fd) { feed_file(fd, image); });
    return apply_from_pipe(feeder.reader(), index, device);
}

std::string all_differences(const VerifyReport& report) {
    std::string text;
    for (const auto& line : report.differences) text += line + "\n";
    return text;
}

void expect_verified(const std::string& device, const std::string& wim, int index) {
    auto report = verify_volume(device, wim, index);
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_TRUE(report->verified()) << all_differences(report.value());
}

class NtfsVerify : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        work_ = new TemporaryDirectory;
        fs::create_directories(*work_ / "tree");
        make_tree(*work_ / "tree");
        fs::create_directories(*work_ / "small");
        write_file(*work_ / "small/one", random_text(5, 90000));
        capture({*work_ / "small", *work_ / "tree"}, *work_ / "xpress.wim");
        auto made = export_delivery_form(*work_ / "xpress.wim", image());
        ASSERT_TRUE(made.ok()) << made.error().message();
    }
    static void TearDownTestSuite() { delete work_; }
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        volume_ = make_volume();
        ASSERT_TRUE(volume_);
    }
    static std::string image() { return *work_ / "delivery.wim"; }
    const std::string& device() const { return volume_->path(); }

    // Applies index 2, lets `damage` change the mounted volume, and returns what verify says.
    std::set<std::string> differences_after(
        const std::function<void(const MountedVolume&)>& damage) {
        auto applied = apply_file(image(), 2, device());
        EXPECT_TRUE(applied.ok()) << applied.error().message();
        {
            MountedVolume mounted(device());
            damage(mounted);
        }
        auto report = verify_volume(device(), image(), 2);
        EXPECT_TRUE(report.ok()) << report.error().message();
        if (!report.ok()) return {};
        EXPECT_EQ(report->difference_count, report->differences.size());
        return {report->differences.begin(), report->differences.end()};
    }

    static TemporaryDirectory* work_;
    std::unique_ptr<disk::LoopDisk> volume_;
};
TemporaryDirectory* NtfsVerify::work_ = nullptr;

using Lines = std::set<std::string>;

TEST_F(NtfsVerify, AnAppliedImageHasNoDifference) {
    ApplyProgress last;
    std::uint64_t files = 0;
    {
        PipeFeeder feeder([&](int fd) { feed_file(fd, image()); });
        auto applied = apply_from_pipe(feeder.reader(), 2, device(), [&](const ApplyProgress& now) {
            last = now;
            return true;
        });
        ASSERT_TRUE(applied.ok()) << applied.error().message();
        files = applied->files;
    }
    EXPECT_EQ(last.files_done, last.files_total);
    EXPECT_EQ(last.bytes_done, last.bytes_total);
    VerifyProgress seen;
    auto report = verify_volume(device(), image(), 2, [&](const VerifyProgress& now) {
        seen = now;
        return true;
    });
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_TRUE(report->verified()) << all_differences(report.value());
    EXPECT_EQ(report->files + report->directories + report->links, files);
    EXPECT_EQ(seen.entries_done, seen.entries_total);
    EXPECT_EQ(seen.bytes_done, report->bytes);
    EXPECT_EQ(report->links, 2u);
    EXPECT_EQ(report->directories, 9u);
    EXPECT_GT(report->bytes, 12u * 1024 * 1024);
}

TEST_F(NtfsVerify, EveryCompressionArrivesWhole) {
    struct Case {
        wimlib_compression_type compression;
        bool solid;
    };
    for (auto [compression, solid] :
         {Case{WIMLIB_COMPRESSION_TYPE_LZX, false}, Case{WIMLIB_COMPRESSION_TYPE_NONE, false},
          Case{WIMLIB_COMPRESSION_TYPE_LZMS, true}}) {
        capture({*work_ / "tree"}, *work_ / "c.wim", {compression, true, solid});
        ASSERT_TRUE(export_delivery_form(*work_ / "c.wim", *work_ / "c.image").ok());
        auto volume = make_volume();
        ASSERT_TRUE(volume);
        auto applied = apply_file(*work_ / "c.image", 1, volume->path());
        ASSERT_TRUE(applied.ok()) << applied.error().message();
        // Against the original, not against our own delivery form.
        expect_verified(volume->path(), *work_ / "c.wim", 1);
        fs::remove(*work_ / "c.wim");
        fs::remove(*work_ / "c.image");
    }
}

TEST_F(NtfsVerify, ResourcesMayComeInAnyOrderAndForeignOnesAreSkipped) {
    PipeFeeder feeder([&](int fd) {
        auto file = InputFile::open(image());
        ASSERT_TRUE(file.ok());
        auto header = read_wim_header(image(), file->size_bytes(), file->reader());
        ASSERT_TRUE(header.ok());
        std::vector<ResourceHeader> contents;
        std::uint64_t front = 0;
        ASSERT_TRUE(for_each_blob(image(), *header, file->reader(), [&](const BlobEntry& entry) {
                        if (entry.resource.flags & kResourceMetadata) {
                            front = std::max(front,
                                             entry.resource.offset + entry.resource.stored_bytes);
                        } else {
                            contents.push_back(entry.resource);
                        }
                        return Status();
                    }).ok());
        feed_range(fd, *file, 0, front);
        Prng prng(4711);
        for (std::size_t i = contents.size(); i > 1; --i) {
            std::swap(contents[i - 1], contents[prng.next() % i]);
        }
        for (const auto& resource : contents) {
            feed_range(fd, *file, resource.offset - kPipeBlobHeaderBytes,
                       resource.stored_bytes + kPipeBlobHeaderBytes);
        }
    });
    auto applied = apply_from_pipe(feeder.reader(), 2, device());
    ASSERT_TRUE(applied.ok()) << applied.error().message();
    expect_verified(device(), image(), 2);
}

TEST_F(NtfsVerify, AVolumeIsVerifiedAgainstTheMetadataCopyAlone) {
    ASSERT_TRUE(apply_file(image(), 2, device()).ok());
    auto file = InputFile::open(image());
    ASSERT_TRUE(file.ok());
    auto copy = copy_metadata(file->size_bytes(), file->reader(), work_->path(), 2);
    ASSERT_TRUE(copy.ok());
    expect_verified(device(), copy->path(), 2);
}

TEST_F(NtfsVerify, TheWrongIndexIsFullOfDifferences) {
    ASSERT_TRUE(apply_file(image(), 2, device()).ok());
    auto report = verify_volume(device(), image(), 1);
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->verified());
    auto missing = verify_volume(device(), image(), 3);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().message(),
              "image has 2 indexes (1 Image 1, 2 Image 2); there is no index 3");
}

TEST_F(NtfsVerify, ABitThatRotsOnTheDiskIsFoundByItsName) {
    ASSERT_TRUE(apply_file(image(), 2, device()).ok());
    // The cluster of \\big at 4,096,000, wherever it lies on the disk.
    std::string cluster = read_file(*work_ / "tree/big").substr(4096000, 4096);
    int fd = ::open(device().c_str(), O_RDWR | O_CLOEXEC);
    std::string window(4096, '\0');
    off_t at = 0;
    while (::pread(fd, window.data(), window.size(), at) == 4096 && window != cluster) at += 4096;
    ASSERT_EQ(window, cluster);
    char rotten = static_cast<char>(cluster[100] ^ 4);
    ASSERT_EQ(::pwrite(fd, &rotten, 1, at + 100), 1);
    ASSERT_EQ(::fsync(fd), 0);
    ::close(fd);
    auto report = verify_volume(device(), image(), 2);
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->differences, std::vector<std::string>{"\\big: SHA-1 differs"});
}

TEST_F(NtfsVerify, AChangedFileIsFoundByItsName) {
    auto lines = differences_after([](const MountedVolume& mounted) {
        write_file(mounted / "usr/bin/x", "x marks the spat");
    });
    // The same file has two more names; it is compared once, by the first.
    EXPECT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines.count("\\usr\\bin\\x: SHA-1 differs"), 1u);
    EXPECT_EQ(lines.count("\\usr\\bin\\x: write time differs"), 1u);
    EXPECT_EQ(lines.count("\\usr\\bin\\x: attributes differ"), 1u);  // ntfs-3g sets "archive"
}

TEST_F(NtfsVerify, MissingAndExtraFilesAreFound) {
    auto lines = differences_after([](const MountedVolume& mounted) {
        ASSERT_EQ(::unlink((mounted / "usr/lib/deep/file17").c_str()), 0);
        fs::remove_all(mounted / "usr/lib/deep/deeper/deepest");
        write_file(mounted / "empty/intruder", "hello");
        fs::rename(mounted / "usr/bin/Case", mounted / "usr/bin/Renamed");
    });
    Lines wanted = {"\\usr\\lib\\deep\\file17: is missing",
                    "\\usr\\lib\\deep\\deeper\\deepest: is missing, with everything in it",
                    "\\empty\\intruder: is on the volume but not in the image",
                    "\\usr\\bin\\Case: is missing",
                    "\\usr\\bin\\Renamed: is on the volume but not in the image"};
    for (const auto& line : wanted) EXPECT_EQ(lines.count(line), 1u) << line;
    // What else differs is the write time of the directories that were changed.
    for (const auto& line : lines) {
        EXPECT_TRUE(wanted.count(line) == 1 ||
                    line.find(": write time differs") != std::string::npos)
            << line;
    }
}

TEST_F(NtfsVerify, SizesLinksAndTimesAreCompared) {
    auto lines = differences_after([](const MountedVolume& mounted) {
        fs::resize_file(mounted / "usr/lib/size4096", 4000);
        // A hard link that became a copy, and a copy that became a hard link.
        std::string text = read_file(mounted / "usr/bin/y");
        ASSERT_EQ(::unlink((mounted / "usr/bin/y").c_str()), 0);
        write_file(mounted / "usr/bin/y", text);
        ASSERT_EQ(::unlink((mounted / "usr/lib/size1").c_str()), 0);
        fs::create_hard_link(mounted / "usr/lib/deep/file1", mounted / "usr/lib/size1");
        ASSERT_EQ(::unlink((mounted / "usr/lib/dangling").c_str()), 0);
        fs::create_symlink("elsewhere", mounted / "usr/lib/dangling");
        fs::last_write_time(mounted / "usr/bin/case", fs::file_time_type::clock::now());
    });
    EXPECT_EQ(lines.count("\\usr\\lib\\size4096: size differs: 4000 bytes, in the image 4096"), 1u);
    EXPECT_EQ(lines.count("\\usr\\bin\\y: is not a hard link to the same file as in the image"),
              1u);
    EXPECT_EQ(lines.count("\\usr\\bin\\case: write time differs"), 1u);
    auto says = [&](const std::string& path, const std::string& what) {
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.rfind(path, 0) == 0 && line.find(what) != std::string::npos;
        });
    };
    EXPECT_TRUE(says("\\usr\\lib\\dangling: ", "reparse") ||
                says("\\usr\\lib\\dangling: ", "attr"));
    EXPECT_TRUE(says("\\usr\\lib\\size1: ", "hard link") ||
                says("\\usr\\lib\\deep\\file1: ", "hard"));
}

TEST_F(NtfsVerify, WhatOnlyNtfsHasIsCompared) {
    {
        MountedVolume source(device());
        fs::create_directories(source / "dir");
        write_file(source / "dir/LongFileName.text", "data");
        write_file(source / "dir/LongFileName.text:stream", random_text(9, 50000));
        write_file(source / "dir/LongFileName.text:empty stream", "");
        std::string path = source / "dir/LongFileName.text";
        ASSERT_EQ(::setxattr(path.c_str(), "system.ntfs_dos_name", "LONGFI~1.TEX", 12, 0), 0);
        ASSERT_EQ(::setxattr((source / "dir").c_str(), "system.ntfs_attrib", "\x02\0\0\0", 4, 0),
                  0);
        std::uint32_t attributes = 0x21 | 0x2000;
        ASSERT_EQ(::setxattr(path.c_str(), "system.ntfs_attrib", &attributes, 4, 0), 0);
    }
    CaptureOptions options;
    options.ntfs = true;
    capture({device()}, *work_ / "ntfs.wim", options);
    ASSERT_TRUE(export_delivery_form(*work_ / "ntfs.wim", *work_ / "ntfs.image").ok());
    expect_verified(device(), *work_ / "ntfs.image", 1);  // the original itself
    auto target = make_volume();
    ASSERT_TRUE(target);
    auto applied = apply_file(*work_ / "ntfs.image", 1, target->path());
    ASSERT_TRUE(applied.ok()) << applied.error().message();
    auto report = verify_volume(target->path(), *work_ / "ntfs.image", 1);
    ASSERT_TRUE(report.ok());
    EXPECT_TRUE(report->verified()) << all_differences(report.value());
    EXPECT_EQ(report->streams, 2u);
    {
        MountedVolume mounted(target->path());
        std::string path = mounted / "dir/LongFileName.text";
        std::uint32_t attributes = 0x20;
        ASSERT_EQ(::setxattr(path.c_str(), "system.ntfs_attrib", &attributes, 4, 0), 0);
        ASSERT_EQ(::removexattr(path.c_str(), "system.ntfs_dos_name"), 0);
        write_file(path + ":stream", "changed");
        write_file(path + ":new", "x");
        char acl[4096];
        ssize_t size =
            ::getxattr(mounted.operator/("dir").c_str(), "system.ntfs_acl", acl, sizeof acl);
        ASSERT_GT(size, 40);
        // Another owner: the first SID's last sub-authority.
        std::uint32_t owner = 0;
        std::memcpy(&owner, acl + 4, 4);
        acl[owner + 8] = static_cast<char>(acl[owner + 8] ^ 1);
        ASSERT_EQ(
            ::setxattr(path.c_str(), "system.ntfs_acl", acl, static_cast<std::size_t>(size), 0), 0);
    }
    report = verify_volume(target->path(), *work_ / "ntfs.image", 1);
    ASSERT_TRUE(report.ok());
    std::string file = "\\dir\\LongFileName.text: ";
    Lines lines(report->differences.begin(), report->differences.end());
    EXPECT_EQ(lines.count(file + "attributes differ"), 1u) << all_differences(report.value());
    EXPECT_EQ(lines.count(file + "short name is missing"), 1u);
    EXPECT_EQ(lines.count(file + "security descriptor differs"), 1u);
    EXPECT_EQ(lines.count(file + "stream stream size differs: 7 bytes, in the image 50000"), 1u);
    EXPECT_EQ(lines.count(file + "stream new is not in the image"), 1u);
}

TEST_F(NtfsVerify, RemovingTheStagingPartitionKeepsEverything) {
    for (std::uint32_t sector : {512u, 4096u}) {
        auto whole = disk::LoopDisk::create(4096 * disk::kMiB, sector);
        ASSERT_TRUE(whole);
        disk::PartitionPlan plan;
        plan.staging_bytes = 1024 * disk::kMiB;
        auto made = disk::partition_disk(whole->path(), plan);
        ASSERT_TRUE(made.ok()) << made.error().message();
        auto applied = apply_file(image(), 2, made->windows.device);
        ASSERT_TRUE(applied.ok()) << applied.error().message();
        expect_verified(made->windows.device, image(), 2);
        std::uint64_t before = made->windows.size_bytes;
        auto removed = disk::remove_staging(made.value());
        ASSERT_TRUE(removed.ok()) << removed.error().message();
        EXPECT_EQ(made->windows.size_bytes, before + plan.staging_bytes);
        expect_verified(made->windows.device, image(), 2);
        auto opened = NtfsVolume::open_read_only(made->windows.device);
        ASSERT_TRUE(opened.ok());
        EXPECT_FALSE(opened->is_dirty());
    }
}

TEST_F(NtfsVerify, APipeThatEndsEarlyOrLiesIsAnError) {
    auto size = fs::file_size(image());
    for (std::uint64_t cut :
         {std::uint64_t{0}, std::uint64_t{100}, std::uint64_t{3000}, size / 2}) {
        PipeFeeder feeder([&](int fd) {
            auto file = InputFile::open(image());
            ASSERT_TRUE(file.ok());
            feed_range(fd, *file, 0, cut);
        });
        auto applied = apply_from_pipe(feeder.reader(), 2, device());
        ASSERT_FALSE(applied.ok()) << cut;
        EXPECT_EQ(applied.error().code(), Errc::corrupt) << applied.error().message();
        volume_ = make_volume();
    }
    // A byte of a file's contents changed on the way: libwim checks each resource's SHA-1.
    std::string bytes = read_file(image());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_file(*work_ / "bad.image", bytes);
    auto applied = apply_file(*work_ / "bad.image", 2, device());
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code(), Errc::corrupt) << applied.error().message();
    volume_ = make_volume();
    // Not NTFS, and an index that is not there.
    auto blank = disk::LoopDisk::create(64 * disk::kMiB);
    auto refused = apply_file(image(), 2, blank->path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message().find("apply index 2 to the NTFS volume " + blank->path()),
              0u);
    EXPECT_EQ(apply_file(image(), 9, device()).error().code(), Errc::invalid_argument);
}

TEST_F(NtfsVerify, BothCanBeCancelled) {
    {
        PipeFeeder feeder([&](int fd) { feed_file(fd, image()); });
        auto applied = apply_from_pipe(feeder.reader(), 2, device(), [](const ApplyProgress& now) {
            return now.bytes_done == 0;
        });
        ASSERT_FALSE(applied.ok());
        EXPECT_EQ(applied.error().code(), Errc::cancelled);
    }
    volume_ = make_volume();
    ASSERT_TRUE(apply_file(image(), 2, device()).ok());
    for (int reports : {1, 2}) {
        auto verified = verify_volume(device(), image(), 2,
                                      [&](const VerifyProgress&) { return --reports > 0; });
        ASSERT_FALSE(verified.ok());
        EXPECT_EQ(verified.error().code(), Errc::cancelled);
    }
}

TEST(NtfsNames, ConversionKeepsWhatNtfsPermits) {
    for (const std::u16string& name :
         {std::u16string(u"plain"), std::u16string(u"日本語"), std::u16string(u"\U0001F4BE disk"),
          std::u16string{u'a', char16_t(0xd800), u'b'}, std::u16string{char16_t(0xdc00)}}) {
        EXPECT_EQ(to_utf16(to_utf8(name)), name);
    }
    EXPECT_EQ(to_utf8(u"\U0001F4BE"), "\xF0\x9F\x92\xBE");
}

}  // namespace
}  // namespace muster::windows
