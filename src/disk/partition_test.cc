// SPDX-License-Identifier: GPL-3.0-or-later
//
// Real disks (sparse files on loop devices) with 512 and 4096 byte sectors; needs root.
#include "disk/partition.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstring>
#include <vector>

#include "disk/block_device.h"
#include "disk/loop_disk_test_util.h"
#include "disk/ntfs_volume.h"
#include "disk/process.h"

namespace muster::disk {
namespace {

class PartitionDisk : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        disk_ = LoopDisk::create(4096 * kMiB, GetParam());
        ASSERT_TRUE(disk_);
    }
    std::unique_ptr<LoopDisk> disk_;
};

std::vector<char> read_bytes(const std::string& device, std::uint64_t offset, std::size_t count) {
    UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<char> bytes(count);
    EXPECT_EQ(::pread(fd.value(), bytes.data(), count, static_cast<off_t>(offset)),
              static_cast<ssize_t>(count));
    return bytes;
}

void expect_same_partition(const Partition& a, const Partition& b) {
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.device, b.device);
    EXPECT_EQ(a.start_bytes, b.start_bytes);
    EXPECT_EQ(a.size_bytes, b.size_bytes);
    EXPECT_EQ(a.guid, b.guid);
}

TEST_P(PartitionDisk, ABlankDiskGetsALayoutAndFileSystems) {
    PartitionPlan plan;
    plan.staging_bytes = 1000 * kMiB;
    auto made = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(made.ok()) << made.error().message();
    EXPECT_EQ(made->sector_bytes, GetParam());
    EXPECT_EQ(made->esp.device, disk_->path() + "p1");
    EXPECT_EQ(made->windows.number, 3);
    ASSERT_TRUE(made->staging);
    EXPECT_EQ(made->staging->size_bytes, 1000 * kMiB);
    EXPECT_EQ(made->windows.guid.size(), 36u);
    EXPECT_NE(made->windows.guid, made->esp.guid);
    EXPECT_EQ(disk_info(made->path)->size_bytes, 4096 * kMiB);

    auto fat = read_bytes(made->esp.device, 0, 512);
    EXPECT_EQ(std::string(&fat[82], 8), "FAT32   ");
    EXPECT_EQ(std::string(&fat[71], 11), "SYSTEM     ");
    auto ntfs = read_bytes(made->windows.device, 0, 512);
    EXPECT_EQ(std::string(&ntfs[3], 8), "NTFS    ");
    std::uint32_t hidden_sectors = 0;
    std::memcpy(&hidden_sectors, &ntfs[0x1C], 4);
    EXPECT_EQ(hidden_sectors, made->windows.start_bytes / GetParam());
    EXPECT_TRUE(check_ntfs(made->windows.device).ok());
    auto listed = run_process({"sgdisk", "--verify", disk_->path()});
    ASSERT_TRUE(listed.ok());
    EXPECT_NE(listed->text.find("No problems found"), std::string::npos) << listed->text;
}

TEST_P(PartitionDisk, ALayoutIsFoundAgainEvenWhenTheKernelForgotIt) {
    PartitionPlan plan;
    plan.staging_bytes = 600 * kMiB;
    auto made = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(made.ok()) << made.error().message();
    UniqueFd fd(::open(disk_->path().c_str(), O_RDWR | O_CLOEXEC));
    for (int number : {1, 3, 4}) ASSERT_TRUE(remove_kernel_partition(fd.value(), number).ok());
    fd.reset();
    auto found = read_layout(disk_->path());
    ASSERT_TRUE(found.ok()) << found.error().message();
    EXPECT_EQ(found->disk_guid, made->disk_guid);
    expect_same_partition(found->esp, made->esp);
    expect_same_partition(found->msr, made->msr);
    expect_same_partition(found->windows, made->windows);
    ASSERT_TRUE(found->staging);
    expect_same_partition(*found->staging, *made->staging);
}

TEST_P(PartitionDisk, RemovingStagingGivesItsRoomToWindowsAndLeavesItClean) {
    PartitionPlan plan;
    plan.staging_bytes = 1500 * kMiB;
    auto made = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(made.ok()) << made.error().message();
    std::uint64_t before = made->windows.size_bytes;
    auto removed = remove_staging(made.value());
    ASSERT_TRUE(removed.ok()) << removed.error().message();
    EXPECT_FALSE(made->staging);
    EXPECT_EQ(made->windows.size_bytes, before + 1500 * kMiB);
    auto size = ntfs_size_bytes(made->windows.device);
    ASSERT_TRUE(size.ok());
    EXPECT_GT(*size, made->windows.size_bytes - 64 * 1024);
    EXPECT_LT(*size, made->windows.size_bytes);
    EXPECT_TRUE(check_ntfs(made->windows.device).ok());
    EXPECT_EQ(read_bytes(made->windows.device, 0, GetParam()),
              read_bytes(made->windows.device, made->windows.size_bytes - GetParam(), GetParam()));
    // ntfsfix -n looks at what chkdsk would: the flag, the mirror, the backup boot sector.
    auto fixed = run_process({"ntfsfix", "--no-action", made->windows.device});
    EXPECT_TRUE(fixed.ok()) << fixed.error().message();
    // Once more is fine: an interruption may have come at the very end.
    removed = remove_staging(made.value());
    EXPECT_TRUE(removed.ok()) << removed.error().message();
    auto found = read_layout(disk_->path());
    ASSERT_TRUE(found.ok());
    EXPECT_FALSE(found->staging);
    expect_same_partition(found->windows, made->windows);
}

TEST_P(PartitionDisk, AnInterruptedRemovalIsFinishedByTheNext) {
    PartitionPlan plan;
    plan.staging_bytes = 800 * kMiB;
    auto made = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(made.ok()) << made.error().message();
    // As if the power went after the table was written: staging gone, Windows not yet grown.
    ASSERT_TRUE(run_process({"sgdisk", "--delete=4", disk_->path()}).ok());
    auto found = read_layout(disk_->path());
    ASSERT_TRUE(found.ok()) << found.error().message();
    EXPECT_FALSE(found->staging);
    auto removed = remove_staging(found.value());
    ASSERT_TRUE(removed.ok()) << removed.error().message();
    EXPECT_EQ(found->windows.size_bytes, made->windows.size_bytes + 800 * kMiB);
    EXPECT_GT(*ntfs_size_bytes(found->windows.device), found->windows.size_bytes - 64 * 1024);
}

TEST_P(PartitionDisk, AStagingPartitionInUseStaysAndIsNamed) {
    PartitionPlan plan;
    plan.staging_bytes = 600 * kMiB;
    auto made = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(made.ok()) << made.error().message();
    UniqueFd reader(::open(made->staging->device.c_str(), O_RDONLY | O_CLOEXEC));
    auto refused = remove_staging(made.value());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_NE(refused.error().message().find("partition 4"), std::string::npos)
        << refused.error().message();
    reader.reset();
    EXPECT_TRUE(read_layout(disk_->path())->staging);
}

TEST_P(PartitionDisk, AUsedDiskIsPartitionedAgain) {
    PartitionPlan plan;
    plan.staging_bytes = 600 * kMiB;
    auto first = partition_disk(disk_->path(), plan);
    ASSERT_TRUE(first.ok());
    auto second = partition_disk(disk_->path(), {});
    ASSERT_TRUE(second.ok()) << second.error().message();
    EXPECT_FALSE(second->staging);
    EXPECT_NE(second->disk_guid, first->disk_guid);
    EXPECT_NE(second->windows.guid, first->windows.guid);
    EXPECT_EQ(second->windows.size_bytes, first->windows.size_bytes + 600 * kMiB);
    EXPECT_EQ(kernel_partitions(kernel_name(disk_->path()).value()).size(), 3u);
}

TEST_P(PartitionDisk, ATooSmallDiskIsRefusedBeforeAnythingIsWritten) {
    auto small = LoopDisk::create(512 * kMiB, GetParam());
    ASSERT_TRUE(small);
    auto refused = partition_disk(small->path(), {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::no_space);
    EXPECT_EQ(refused.error().message().find("disk " + small->path()), 0u);
    EXPECT_EQ(small->allocated_bytes(), 0u);
}

TEST_P(PartitionDisk, ADiskInUseIsNotTouched) {
    auto held = open_exclusive(disk_->path());
    ASSERT_TRUE(held.ok());
    auto refused = partition_disk(disk_->path(), {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::busy);
    EXPECT_EQ(disk_->allocated_bytes(), 0u);
}

// A file system of 12 MiB under the disk: it fails with an I/O error when it has to hold more,
// which is when the journal of NTFS is written.
class TinyFilesystem {
public:
    TinyFilesystem() {
        char name[] = "/tmp/muster-tiny-XXXXXX";
        path_ = ::mkdtemp(name);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=12m") == 0;
    }
    ~TinyFilesystem() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
        ::rmdir(path_.c_str());
    }
    bool mounted() const { return mounted_; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    bool mounted_ = false;
};

TEST_P(PartitionDisk, AFailureAfterTheTableSaysHowFarItCame) {
    TinyFilesystem tiny;
    ASSERT_TRUE(tiny.mounted());
    auto disk = LoopDisk::create(4096 * kMiB, GetParam(), false, tiny.path());
    ASSERT_TRUE(disk);
    auto failed = partition_disk(disk->path(), {});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code(), Errc::io);
    EXPECT_EQ(failed.error().message().find(
                  "disk " + disk->path() +
                  ": partition table written, formatting Windows failed: mkntfs failed"),
              0u)
        << failed.error().message();
}

TEST_P(PartitionDisk, AnotherLayoutIsNotOurs) {
    auto blank = read_layout(disk_->path());
    ASSERT_FALSE(blank.ok());
    EXPECT_EQ(blank.error().code(), Errc::not_found);
    ASSERT_TRUE(run_process({"sgdisk", "--new=1:0:0", disk_->path()}).ok());
    auto other = read_layout(disk_->path());
    ASSERT_FALSE(other.ok());
    EXPECT_EQ(other.error().code(), Errc::not_found);
    PartitionedDisk never_made;
    never_made.path = disk_->path();
    EXPECT_EQ(remove_staging(never_made).error().code(), Errc::not_found);
}

INSTANTIATE_TEST_SUITE_P(Sectors, PartitionDisk, ::testing::Values(512u, 4096u));

}  // namespace
}  // namespace muster::disk
