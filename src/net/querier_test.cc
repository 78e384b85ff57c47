// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/querier.h"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Address kOwn = Address::ipv4({10, 0, 0, 5});
const Address kLower = Address::ipv4({10, 0, 0, 1});
const Address kHigher = Address::ipv4({10, 0, 0, 9});

TimePoint at(double s) { return TimePoint(from_seconds(s)); }

TEST(Querier, waits_130_s_before_it_says_that_nobody_asks) {
    Querier querier(at(0), kOwn, {});
    EXPECT_FALSE(querier.poll(at(129.9)));
    EXPECT_EQ(querier.state(), Querier::State::listening);
    EXPECT_FALSE(querier.poll(at(130)));
    EXPECT_EQ(querier.state(), Querier::State::absent);
}

TEST(Querier, one_that_stands_in_asks_twice_quickly_and_then_every_125_s) {
    Querier querier(at(0), kOwn, {.stand_in = true});
    std::vector<double> asked;
    for (TimePoint now = at(0); now < at(600); now = std::max(querier.next_deadline(), now)) {
        if (querier.poll(now)) asked.push_back(to_seconds(now.time_since_epoch()));
    }
    EXPECT_EQ(asked, (std::vector<double>{130, 161.25, 286.25, 411.25, 536.25}));
}

TEST(Querier, stays_quiet_while_somebody_else_asks) {
    Querier querier(at(0), kOwn, {.stand_in = true});
    for (double t = 100; t < 1000; t += 125) {
        querier.on_query(at(t), kHigher);
        EXPECT_FALSE(querier.poll(at(t + 124)));
    }
    EXPECT_EQ(querier.state(), Querier::State::other);
    EXPECT_EQ(querier.other(), kHigher);
}

TEST(Querier, takes_over_when_the_other_falls_silent) {
    Querier querier(at(0), kOwn, {.stand_in = true});
    querier.on_query(at(100), kLower);
    EXPECT_FALSE(querier.poll(at(229)));
    EXPECT_TRUE(querier.poll(at(230)));
    EXPECT_EQ(querier.state(), Querier::State::asking);
}

TEST(Querier, of_two_that_ask_the_lower_address_goes_on) {
    Querier querier(at(0), kOwn, {.stand_in = true});
    ASSERT_TRUE(querier.poll(at(130)));
    querier.on_query(at(131), kHigher);
    EXPECT_EQ(querier.state(), Querier::State::asking);
    querier.on_query(at(132), kLower);
    EXPECT_EQ(querier.state(), Querier::State::other);
    EXPECT_FALSE(querier.poll(at(200)));
}

TEST(Querier, a_query_without_a_sender_is_no_queriers) {
    Querier querier(at(0), kOwn, {});
    querier.on_query(at(100), Address());
    (void)querier.poll(at(130));
    EXPECT_EQ(querier.state(), Querier::State::absent);
}

}  // namespace
}  // namespace muster::net
