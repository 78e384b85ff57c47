// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/large_datagrams.h"

#include <gtest/gtest.h>

namespace muster::session {
namespace {

using mcast::PacketType;

TEST(LargeDatagrams, are_lost_when_only_small_ones_arrive) {
    LargeDatagrams watch;
    for (std::uint64_t number = 0; number <= 500; number += 20) {
        watch.on_packet(number, PacketType::status);
        EXPECT_FALSE(watch.are_lost()) << number;
    }
    for (std::uint64_t number = 520; number <= 600; number += 20) {
        watch.on_packet(number, PacketType::status);
    }
    EXPECT_TRUE(watch.are_lost());
}

TEST(LargeDatagrams, one_that_arrives_is_enough) {
    LargeDatagrams watch;
    for (std::uint64_t number = 0; number <= 5000; number += 20) {
        watch.on_packet(number, PacketType::status);
        if (number == 400) watch.on_packet(401, PacketType::repair);
    }
    EXPECT_FALSE(watch.are_lost());
}

TEST(LargeDatagrams, a_stream_of_status_alone_has_lost_nothing) {
    LargeDatagrams watch;
    for (std::uint64_t number = 0; number <= 5000; ++number) {
        watch.on_packet(number, PacketType::status);
    }
    EXPECT_FALSE(watch.are_lost());
}

}  // namespace
}  // namespace muster::session
