// SPDX-License-Identifier: GPL-3.0-or-later
#include "mcast/nak_rate.h"

#include <gtest/gtest.h>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;

class NakRateTest : public testing::Test {
protected:
    // So many NAKs, evenly over a second.
    void second_of(int naks) {
        for (int i = 0; i < naks; ++i) {
            now_ += from_seconds(1.0 / naks);
            rate_.on_nak(now_);
        }
    }
    NakRate rate_{10};
    TimePoint now_{std::chrono::seconds(1000)};
};

TEST_F(NakRateTest, AUsualNumberChangesNothing) {
    second_of(1900);
    EXPECT_EQ(rate_.backoff_ms(), 10);
}

TEST_F(NakRateTest, TooManyDoubleTheBackoffOncePerWindow) {
    for (int i = 0; i < 5000; ++i) rate_.on_nak(now_);
    EXPECT_EQ(rate_.backoff_ms(), 20);
    now_ += milliseconds(100);
    for (int i = 0; i < 201; ++i) rate_.on_nak(now_);
    EXPECT_EQ(rate_.backoff_ms(), 40);
}

TEST_F(NakRateTest, ItEndsAtASecond) {
    second_of(1'000'000);
    second_of(1'000'000);
    EXPECT_EQ(rate_.backoff_ms(), 1000);
}

TEST_F(NakRateTest, WhenFewComeItComesDownAgain) {
    second_of(10'000);
    EXPECT_GT(rate_.backoff_ms(), 100);
    for (int i = 0; i < 100; ++i) {
        now_ += milliseconds(100);
        rate_.on_time(now_);
    }
    EXPECT_EQ(rate_.backoff_ms(), 10);
}

}  // namespace
}  // namespace muster::mcast
