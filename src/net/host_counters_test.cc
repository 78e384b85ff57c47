// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/host_counters.h"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

constexpr std::string_view kText =
    "TcpExt: SyncookiesSent InMcastPkts\n"
    "TcpExt: 1 2\n"
    "IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts\n"
    "IpExt: 0 0 123456789012 7\n";

TEST(HostCounters, AreFoundByPrefixAndName) {
    EXPECT_EQ(find_counter(kText, "IpExt", "InMcastPkts"), 123456789012u);
    EXPECT_EQ(find_counter(kText, "TcpExt", "InMcastPkts"), 2u);
}

TEST(HostCounters, WhatIsNotThereIsNothing) {
    EXPECT_EQ(find_counter(kText, "IpExt", "Else"), std::nullopt);
    EXPECT_EQ(find_counter(kText, "Udp", "InMcastPkts"), std::nullopt);
    EXPECT_EQ(find_counter("IpExt: A\n", "IpExt", "A"), std::nullopt);
    EXPECT_EQ(find_counter("IpExt: A\nIpExt: x\n", "IpExt", "A"), std::nullopt);
    EXPECT_EQ(find_counter("", "IpExt", "A"), std::nullopt);
}

TEST(HostCounters, ThisKernelCountsMulticast) {
    EXPECT_TRUE(multicast_packets_received().has_value());
}

}  // namespace
}  // namespace muster::net
