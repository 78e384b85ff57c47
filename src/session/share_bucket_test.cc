// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/share_bucket.h"

#include <gtest/gtest.h>

namespace muster::session {
namespace {

constexpr std::uint64_t kRate = 8'000'000;  // 1,000,000 bytes a second
const TimePoint kStart = TimePoint{} + std::chrono::hours(1);

TEST(ShareBucket, lets_a_burst_pass_and_holds_the_rate_from_then_on) {
    ShareBucket bucket(kRate);
    Duration waited{};
    std::uint64_t bytes = 0;
    TimePoint now = kStart;
    while (now < kStart + std::chrono::seconds(10)) {
        now += bucket.take(now, 100'000);
        bytes += 100'000;
    }
    waited = now - kStart;
    // What left in 10 s, the burst and the piece that leaves at the end.
    const double allowed = 1e6 * to_seconds(waited + ShareBucket::kBurst) + 100'000;
    EXPECT_LE(static_cast<double>(bytes), allowed);
    EXPECT_GE(static_cast<double>(bytes), 0.98 * allowed);
}

TEST(ShareBucket, saves_no_more_than_the_burst_in_an_idle_hour) {
    ShareBucket bucket(kRate);
    EXPECT_EQ(bucket.take(kStart, 1'000'000), Duration::zero());
    const TimePoint later = kStart + std::chrono::hours(1);
    EXPECT_EQ(bucket.take(later, 1'000'000), Duration::zero());
    EXPECT_EQ(bucket.take(later, 1), std::chrono::seconds(1) - ShareBucket::kBurst);
}

TEST(ShareBucket, pieces_of_several_connections_queue_behind_one_another) {
    ShareBucket bucket(kRate);
    (void)bucket.take(kStart, 1'100'000);
    EXPECT_EQ(bucket.take(kStart, 500'000), std::chrono::seconds(1));
    EXPECT_EQ(bucket.take(kStart, 500'000), std::chrono::milliseconds(1500));
}

TEST(ShareBucket, without_a_rate_nothing_waits) {
    ShareBucket bucket(0);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.take(kStart, 1u << 30), Duration::zero());
}

}  // namespace
}  // namespace muster::session
