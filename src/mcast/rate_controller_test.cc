// SPDX-License-Identifier: GPL-3.0-or-later
//
// The controller with a path that is a formula: a link with a queue, loss that is drawn by nobody
// but exact, receivers that take so much. Whole sessions beside TCP are in tests/sim/rates.cc.
#include "mcast/rate_controller.h"

#include <gtest/gtest.h>

#include <cmath>

namespace muster::mcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Path {
    double link = 1e12;       // bit/s
    double queue_bits = 5e6;  // in front of it
    double noise = 0;         // share lost whatever the rate is
    double receives = 1e12;   // what the receiver's socket keeps up with
    double sends = 1e12;      // what the sender manages
};

class RateControllerTest : public testing::Test {
protected:
    void make(const RateOptions& options) { controller_.emplace(options); }
    double rate() const { return static_cast<double>(controller_->bits_per_second()); }

    // Members all alike, heard every 100 ms.
    void run(Duration duration, std::uint32_t members = 4) {
        for (const TimePoint end = now_ + duration; now_ < end; now_ += milliseconds(10)) {
            turn(0.01);
            if (++turns_ % 10 == 0) {
                for (std::uint32_t m = 1; m <= members; ++m) hear(m);
            }
            controller_->on_time(now_, static_cast<std::uint64_t>(sent_bits_ / 8), number());
        }
    }
    double mean_rate(Duration duration) {
        double sum = 0;
        int count = 0;
        for (const TimePoint end = now_ + duration; now_ < end; ++count) {
            run(milliseconds(100));
            sum += rate();
        }
        return sum / count;
    }

    Path path_;
    std::optional<RateController> controller_;
    TimePoint now_{seconds(1000)};

private:
    std::uint64_t number() const { return static_cast<std::uint64_t>(sent_bits_ / 8 / 1486); }
    void turn(double span) {
        const double sent = std::min(rate(), path_.sends) * span;
        sent_bits_ += sent;
        queued_bits_ += sent;
        passed_bits_ = std::min(queued_bits_, path_.link * span);
        queued_bits_ -= passed_bits_;
        lost_bits_ += std::max(0.0, queued_bits_ - path_.queue_bits);
        queued_bits_ = std::min(queued_bits_, path_.queue_bits);
        const double came = passed_bits_ * (1 - path_.noise);
        lost_bits_ += passed_bits_ * path_.noise;
        const double read = std::min(came, path_.receives * span);
        dropped_bits_ += came - read;
        received_bits_ += read;
    }
    void hear(std::uint32_t member) {
        FeedbackPacket said;
        said.member = member;
        const auto packets = [](double bits) {
            return static_cast<std::uint64_t>(bits / 8 / 1486);
        };
        said.highest_seen = packets(received_bits_ + lost_bits_ + dropped_bits_);
        said.received = packets(received_bits_);
        said.lost = said.loss_runs = packets(lost_bits_);
        said.received_wire_bytes = said.received * 1486;
        said.local_drops = static_cast<std::uint32_t>(packets(dropped_bits_));
        said.queue_delay_us = static_cast<std::uint32_t>(queued_bits_ / path_.link * 1e6);
        said.echoed_us = static_cast<std::uint64_t>(now_.time_since_epoch().count() / 1000) -
                         said.queue_delay_us - 1000;
        auto& reception = members_[member];
        if (const auto interval = reception.on_feedback(now_, said)) {
            controller_->on_interval(MemberNumber(member), *interval, reception);
        }
    }

    std::map<std::uint32_t, MemberReception> members_;
    int turns_ = 0;
    double sent_bits_ = 0;
    double queued_bits_ = 0;
    double passed_bits_ = 0;
    double lost_bits_ = 0;
    double received_bits_ = 0;
    double dropped_bits_ = 0;
};

TEST_F(RateControllerTest, FixedStaysAtItsRateWhateverHappens) {
    make({RateMode::fixed, 200'000'000});
    path_.link = 1e7;
    run(seconds(5));
    EXPECT_EQ(rate(), 2e8);
    EXPECT_EQ(controller_->limit(), RateLimit::cap);
    make({RateMode::fixed, 0});
    EXPECT_EQ(rate(), 0);
}

TEST_F(RateControllerTest, WithoutALimitInSightItReachesTheCapInTwoSeconds) {
    make({RateMode::adaptive, 1'000'000'000});
    EXPECT_EQ(rate(), 5e7);
    EXPECT_EQ(controller_->limit(), RateLimit::searching);
    run(seconds(2));
    EXPECT_EQ(rate(), 1e9);
    EXPECT_EQ(controller_->limit(), RateLimit::cap);
}

TEST_F(RateControllerTest, AloneOnALinkItFillsItWithoutFillingTheQueue) {
    make({RateMode::adaptive, 0});
    path_.link = 1e8;
    run(seconds(3));
    const double mean = mean_rate(seconds(20));
    EXPECT_GT(mean, 0.95e8);
    EXPECT_LT(mean, 1.01e8);
    EXPECT_EQ(controller_->limit(), RateLimit::congestion);
}

TEST_F(RateControllerTest, LossThatDoesNotAnswerDoesNotSlowIt) {
    make({RateMode::adaptive, 200'000'000});
    path_.noise = 0.05;
    run(seconds(4));
    EXPECT_NEAR(controller_->noise_floor(), 0.05, 0.01);
    EXPECT_GT(mean_rate(seconds(20)), 0.95 * 2e8);
}

TEST_F(RateControllerTest, AShallowQueueIsFoundByTheLossThatAnswers) {
    make({RateMode::adaptive, 0});
    path_.link = 1e8;
    path_.queue_bits = 1e5;  // 1 ms: cannot be seen
    run(seconds(3));
    const double mean = mean_rate(seconds(20));
    EXPECT_GT(mean, 0.7e8);
    EXPECT_LT(mean, 1.1e8);
    EXPECT_LT(controller_->noise_floor(), 0.02);
}

TEST_F(RateControllerTest, ALinkThatHasBecomeSlowerIsFollowedAndForgotten) {
    make({RateMode::adaptive, 0});
    path_.link = 1e8;
    run(seconds(5));
    path_.link = 5e7;
    run(seconds(3));
    EXPECT_NEAR(mean_rate(seconds(5)), 5e7, 5e6);
    path_.link = 1e8;
    run(seconds(5));
    EXPECT_GT(rate(), 0.9e8);
}

TEST_F(RateControllerTest, ReceiversThatDropThemselvesAreFollowed) {
    make({RateMode::adaptive, 1'000'000'000});
    path_.receives = 3e8;
    run(seconds(5));
    const double mean = mean_rate(seconds(20));
    EXPECT_GT(mean, 0.9 * 3e8);
    EXPECT_LT(mean, 1.02 * 3e8);
    EXPECT_EQ(controller_->limit(), RateLimit::receivers);
}

TEST_F(RateControllerTest, ASenderThatCannotSendMoreIsNotGivenMore) {
    make({RateMode::adaptive, 0});
    path_.sends = 4e8;
    run(seconds(10));
    EXPECT_LT(rate(), 7e8);
    EXPECT_EQ(controller_->limit(), RateLimit::sender);
}

TEST_F(RateControllerTest, NeverBelowTheFloorNorAboveTheCap) {
    make({RateMode::adaptive, 100'000'000});
    path_.link = 1e6;
    for (int i = 0; i < 300; ++i) {
        run(milliseconds(100));
        EXPECT_GE(rate(), 5e6);
        EXPECT_LE(rate(), 1e8);
    }
    EXPECT_LE(rate(), 1e7);
}

TEST_F(RateControllerTest, WithoutFeedbackNothingChanges) {
    make({RateMode::adaptive, 0});
    run(seconds(5), 0);
    EXPECT_EQ(rate(), 5e7);
}

}  // namespace
}  // namespace muster::mcast
