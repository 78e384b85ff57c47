// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/layout.h"

#include <gtest/gtest.h>

namespace muster::disk {
namespace {

TEST(Layout, GivesWindowsEverythingBetweenTheReservedPartitionAndTheEnd) {
    auto plan = plan_partitions({}, 4096 * kMiB, 512);
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    ASSERT_EQ(plan->size(), 3u);
    EXPECT_EQ((*plan)[0].start_bytes, 1 * kMiB);
    EXPECT_EQ((*plan)[0].size_bytes, 260 * kMiB);
    EXPECT_EQ((*plan)[1].start_bytes, 261 * kMiB);
    EXPECT_EQ((*plan)[2].start_bytes, 277 * kMiB);
    // The backup table needs 33 sectors, so the last MiB stays free.
    EXPECT_EQ((*plan)[2].start_bytes + (*plan)[2].size_bytes, 4095 * kMiB);
}

TEST(Layout, PutsStagingAtTheEndSoThatWindowsCanGrowIntoIt) {
    for (std::uint64_t sector : {512u, 4096u}) {
        PartitionPlan wanted;
        wanted.staging_bytes = 700 * kMiB + 1;
        auto plan = plan_partitions(wanted, 4096 * kMiB, sector);
        ASSERT_TRUE(plan.ok()) << plan.error().message();
        ASSERT_EQ(plan->size(), 4u);
        const auto& windows = (*plan)[2];
        const auto& staging = (*plan)[3];
        EXPECT_EQ(staging.role, Role::staging);
        EXPECT_EQ(staging.start_bytes, windows.start_bytes + windows.size_bytes);
        EXPECT_EQ(staging.size_bytes, 701 * kMiB);
        EXPECT_EQ(staging.start_bytes + staging.size_bytes, 4095 * kMiB);
    }
}

TEST(Layout, EverythingIsAlignedAndDisjointForManyDiskSizes) {
    for (std::uint64_t extra = 0; extra < 3 * kMiB; extra += 4096 * 7) {
        for (std::uint64_t sector : {512u, 4096u}) {
            std::uint64_t disk = 2000 * kMiB + extra;
            auto plan = plan_partitions({}, disk, sector);
            ASSERT_TRUE(plan.ok());
            std::uint64_t end = kMiB;
            for (const auto& part : plan.value()) {
                EXPECT_EQ(part.start_bytes % kMiB, 0u);
                EXPECT_EQ(part.size_bytes % kMiB, 0u);
                EXPECT_GE(part.start_bytes, end);
                end = part.start_bytes + part.size_bytes;
            }
            EXPECT_LE(end, disk - 16384 - sector);
        }
    }
}

TEST(Layout, SaysTheNumbersWhenItDoesNotFit) {
    PartitionPlan wanted;
    wanted.staging_bytes = 3000 * kMiB;
    wanted.least_windows_bytes = 900 * kMiB;
    auto plan = plan_partitions(wanted, 4096 * kMiB, 512);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Errc::no_space);
    EXPECT_EQ(plan.error().message(),
              "the disk has 4096 MiB, needed are 900 MiB for Windows, 277 MiB for boot, 3000 MiB "
              "for staging: use a larger disk or a smaller image");
}

TEST(Layout, SizesNearTheEndOfTheNumbersDoNotWrapRound) {
    for (std::uint64_t huge : {~std::uint64_t{0}, ~std::uint64_t{0} - kMiB}) {
        PartitionPlan wanted;
        wanted.staging_bytes = huge;
        EXPECT_FALSE(plan_partitions(wanted, 4096 * kMiB, 512).ok());
        wanted = {};
        wanted.least_windows_bytes = huge;
        EXPECT_FALSE(plan_partitions(wanted, 4096 * kMiB, 512).ok());
    }
    EXPECT_FALSE(plan_partitions({}, 0, 512).ok());
    EXPECT_FALSE(plan_partitions({}, 4096, 4096).ok());
}

TEST(Layout, RefusesSectorsThatNoDiskHas) {
    auto plan = plan_partitions({}, 4096 * kMiB, 520);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace muster::disk
