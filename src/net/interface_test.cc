// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/interface.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "net/namespace_for_test.h"

namespace muster::net {
namespace {

TEST(Interface, says_what_it_is) {
    VethPair pair(VethPair::Link::whatever);
    const auto left = resolve_interface("left");
    ASSERT_TRUE(left.ok()) << left.error().message();
    EXPECT_GT(left->index, 0u);
    EXPECT_TRUE(left->up);
    EXPECT_TRUE(left->multicast);
    EXPECT_FALSE(left->loopback);
    EXPECT_FALSE(left->wireless);
    EXPECT_EQ(left->mtu_bytes, 1500);
    ASSERT_EQ(left->ipv4.size(), 1u);
    EXPECT_EQ(left->ipv4[0].ip(), "10.77.0.1");
    ASSERT_FALSE(left->ipv6.empty());
    EXPECT_EQ(left->ipv6[0].ip(), "fd77::1");
    EXPECT_TRUE(check_multicast_route(*left).ok());
}

TEST(Interface, a_label_is_an_address_and_not_an_interface) {
    VethPair pair(VethPair::Link::whatever);
    VethPair::run("ip address add 10.77.0.9/24 dev left label left:1");
    const auto left = resolve_interface("left");
    ASSERT_TRUE(left.ok());
    EXPECT_EQ(left->ipv4.size(), 2u);
    EXPECT_EQ(list_interfaces()->size(), 2u);
}

TEST(Interface, an_unknown_name_is_answered_with_the_known_ones) {
    VethPair pair(VethPair::Link::whatever);
    const auto none = resolve_interface("eth9");
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code(), Errc::not_found);
    EXPECT_EQ(none.error().message(), "no such interface: eth9 (have: lo, left)");
}

TEST(Interface, one_that_is_down_comes_with_the_command_that_brings_it_up) {
    VethPair pair(VethPair::Link::whatever);
    VethPair::run("ip link set left down");
    const auto left = resolve_interface("left");
    ASSERT_FALSE(left.ok());
    EXPECT_EQ(left.error().code(), Errc::unavailable);
    EXPECT_EQ(left.error().message(), "left is down: ip link set left up");
}

TEST(Interface, one_without_an_address_says_so) {
    VethPair pair(VethPair::Link::whatever);
    VethPair::run("ip address flush dev left");
    const auto left = resolve_interface("left");
    ASSERT_FALSE(left.ok());
    EXPECT_EQ(left.error().message().rfind("left has no IPv4 address", 0), 0u);
}

TEST(Interface, ipv6_alone_is_enough) {
    VethPair pair(VethPair::Link::whatever);
    VethPair::run("ip -4 address flush dev left");
    const auto left = multicast_interface("left", Wifi::refused);
    ASSERT_TRUE(left.ok()) << left.error().message();
    EXPECT_EQ(any_own_address(*left).ip(), "fd77::1");
    EXPECT_EQ(own_address(*left, false).error().message(), "left has no IPv4 address");
}

TEST(Interface, a_radio_is_known_by_what_the_kernel_shows_of_it) {
    const auto sysfs = std::filesystem::path(testing::TempDir()) / "muster-sysfs-net";
    std::filesystem::create_directories(sysfs / "wlan0" / "phy80211");
    std::filesystem::create_directories(sysfs / "wlan1" / "wireless");
    std::filesystem::create_directories(sysfs / "eth0" / "queues");
    EXPECT_TRUE(is_wireless("wlan0", sysfs));
    EXPECT_TRUE(is_wireless("wlan1", sysfs));
    EXPECT_FALSE(is_wireless("eth0", sysfs));
    std::filesystem::remove_all(sysfs);
}

TEST(Interface, one_that_carries_no_multicast_is_refused) {
    VethPair pair(VethPair::Link::whatever);
    VethPair::run("ip link set left multicast off");
    const auto left = resolve_interface("left");
    ASSERT_TRUE(left.ok());
    const auto route = check_multicast_route(*left);
    ASSERT_FALSE(route.ok());
    EXPECT_EQ(route.error().code(), Errc::unavailable);
    EXPECT_EQ(route.error().message(),
              "left does not carry multicast: ip link set left multicast on");
}

}  // namespace
}  // namespace muster::net
