// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/carrier.h"

#include <gtest/gtest.h>

#include "net/namespace_for_test.h"

namespace muster::net {
namespace {

void wait_until(const Carrier& carrier, bool there) {
    const auto limit = monotonic_now() + std::chrono::seconds(30);
    while (carrier.is_there() != there) {
        ASSERT_LT(monotonic_now(), limit) << (there ? "no carrier" : "still a carrier");
        std::this_thread::yield();
    }
}

TEST(Carrier, follows_the_cable) {
    VethPair pair;
    const Carrier carrier("left");
    EXPECT_TRUE(carrier.is_there());
    pair.enter_right();
    VethPair::run("ip link set right down");
    wait_until(carrier, false);
    VethPair::run("ip link set right up");
    wait_until(carrier, true);
}

TEST(Carrier, an_interface_that_was_set_down_has_none) {
    VethPair pair;
    const Carrier carrier("left");
    VethPair::run("ip link set left down");
    EXPECT_FALSE(carrier.is_there());
}

TEST(Carrier, what_cannot_be_asked_counts_as_there) {
    EXPECT_TRUE(Carrier("no-such").is_there());
    EXPECT_TRUE(Carrier("a-name-that-is-longer-than-any").is_there());
}

}  // namespace
}  // namespace muster::net
