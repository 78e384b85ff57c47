// SPDX-License-Identifier: GPL-3.0-or-later
//
// Real loop disks, mounts and swap; needs root like the agent itself.
#include "disk/block_device.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>

#include "disk/layout.h"
#include "disk/loop_disk_test_util.h"
#include "disk/process.h"

namespace muster::disk {
namespace {

class BlockDevice : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
};

class MountedDirectory {
public:
    explicit MountedDirectory(const std::string& device) {
        char name[] = "/tmp/muster-mount-XXXXXX";
        path_ = ::mkdtemp(name);
        mounted_ = ::mount(device.c_str(), path_.c_str(), "ext4", 0, "") == 0;
    }
    ~MountedDirectory() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    bool mounted() const { return mounted_; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    bool mounted_ = false;
};

// The disk that holds /, as the kernel names it.
std::string root_disk() {
    struct stat status {};
    ::stat("/", &status);
    std::error_code failed;
    auto real =
        std::filesystem::canonical("/sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" +
                                       std::to_string(minor(status.st_dev)),
                                   failed);
    if (failed) return {};
    if (std::filesystem::exists(real / "partition")) real = real.parent_path();
    return "/dev/" + real.filename().string();
}

TEST_F(BlockDevice, DescribesADiskAndListsIt) {
    auto disk = LoopDisk::create(64 * kMiB, 4096);
    ASSERT_TRUE(disk);
    auto info = disk_info(disk->path());
    ASSERT_TRUE(info.ok()) << info.error().message();
    EXPECT_EQ(info->size_bytes, 64 * kMiB);
    EXPECT_EQ(info->logical_sector_bytes, 4096u);
    EXPECT_TRUE(info->is_virtual);
    EXPECT_FALSE(info->read_only);
    auto all = list_disks();
    ASSERT_TRUE(all.ok());
    EXPECT_TRUE(std::any_of(all->begin(), all->end(), [&](const DiskInfo& each) {
        return each.path == disk->path() && each.size_bytes == 64 * kMiB;
    }));
}

TEST_F(BlockDevice, AnUnusedDiskMayBeErased) {
    auto disk = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(disk);
    auto allowed = check_may_erase(disk->path(), 64 * kMiB);
    EXPECT_TRUE(allowed.ok()) << allowed.error().message();
}

TEST_F(BlockDevice, RefusesWhatIsNoDisk) {
    EXPECT_EQ(check_may_erase("/dev/no-such-disk").error().code(), Errc::not_found);
    auto file = check_may_erase("/etc/passwd");
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().message(),
              "/etc/passwd is not a block device: name a disk, for example /dev/sda");
    EXPECT_EQ(check_may_erase("/dev/null").error().code(), Errc::invalid_argument);
}

TEST_F(BlockDevice, RefusesAPartitionAndNamesItsDisk) {
    auto disk = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(disk);
    UniqueFd fd(::open(disk->path().c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(add_kernel_partition(fd.value(), 1, kMiB, 8 * kMiB).ok());
    auto refused = check_may_erase(disk->path() + "p1");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message(),
              disk->path() + "p1 is a partition: name the whole disk, " + disk->path());
}

TEST_F(BlockDevice, RefusesATooSmallAndAReadOnlyDisk) {
    auto small = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(small);
    auto refused = check_may_erase(small->path(), 64 * kMiB + 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::no_space);
    auto locked = LoopDisk::create(64 * kMiB, 512, true);
    ASSERT_TRUE(locked);
    refused = check_may_erase(locked->path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::permission_denied);
    EXPECT_NE(refused.error().message().find("is read-only"), std::string::npos);
}

TEST_F(BlockDevice, RefusesAMountedPartitionAndNamesTheMountPoint) {
    auto disk = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(disk);
    UniqueFd fd(::open(disk->path().c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(add_kernel_partition(fd.value(), 1, kMiB, 32 * kMiB).ok());
    fd.reset();
    std::string partition = disk->path() + "p1";
    auto made = run_process({"mkfs.ext4", "-q", "-F", partition});
    ASSERT_TRUE(made.ok()) << made.error().message();
    MountedDirectory mount(partition);
    ASSERT_TRUE(mount.mounted());
    auto refused = check_may_erase(disk->path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_EQ(refused.error().message(), disk->path() + " is in use: " + partition +
                                             " is mounted on " + mount.path() +
                                             "; unmount it or choose another disk");
    EXPECT_EQ(open_exclusive(disk->path()).error().code(), Errc::busy);
}

TEST_F(BlockDevice, RefusesADiskThatSomebodyHoldsOpenExclusively) {
    auto disk = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(disk);
    auto held = open_exclusive(disk->path());
    ASSERT_TRUE(held.ok());
    auto refused = check_may_erase(disk->path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
}

TEST_F(BlockDevice, RefusesSwapSpace) {
    auto disk = LoopDisk::create(64 * kMiB);
    ASSERT_TRUE(disk);
    ASSERT_TRUE(run_process({"mkswap", disk->path()}).ok());
    if (::swapon(disk->path().c_str(), 0) != 0) GTEST_SKIP() << "this kernel has no swap";
    auto refused = check_may_erase(disk->path());
    ::swapoff(disk->path().c_str());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_NE(refused.error().message().find("is swap space"), std::string::npos);
}

TEST_F(BlockDevice, RefusesTheDiskThisSystemRunsFrom) {
    std::string disk = root_disk();
    if (disk.empty()) GTEST_SKIP() << "/ is on no disk here";
    auto refused = check_may_erase(disk);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::permission_denied);
    EXPECT_NE(refused.error().message().find(disk + " is the disk this system runs from"),
              std::string::npos)
        << refused.error().message();
}

}  // namespace
}  // namespace muster::disk
