// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/address.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace muster::net {
namespace {

TEST(Address, is_written_as_it_is_read) {
    for (const auto* text : {"239.192.0.1:5000", "[ff3e::1]:5000", "0.0.0.0:0", "[::1]:65535"}) {
        const auto address = Address::parse(text);
        ASSERT_TRUE(address.ok()) << text;
        EXPECT_EQ(address->to_string(), text);
    }
}

TEST(Address, refuses_what_is_no_address_and_says_what_to_write) {
    for (const auto* text : {"", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3:5", "host:80",
                             "::1:80", "[::1]", "[1.2.3.4]:80", "1.2.3.4:-1", "1.2.3.4:80 "}) {
        const auto address = Address::parse(text);
        ASSERT_FALSE(address.ok()) << text;
        EXPECT_EQ(address.error().code(), Errc::invalid_argument);
        EXPECT_NE(address.error().message().find("IP:PORT"), std::string::npos);
    }
}

TEST(Address, knows_groups) {
    EXPECT_TRUE(Address::ipv4({239, 192, 0, 1}, 1).is_multicast());
    EXPECT_FALSE(Address::ipv4({239, 192, 0, 1}, 1).is_source_specific());
    EXPECT_TRUE(Address::ipv4({232, 1, 2, 3}, 1).is_source_specific());
    EXPECT_FALSE(Address::ipv4({10, 0, 0, 1}, 1).is_multicast());
    EXPECT_TRUE(Address::parse("[ff3e::1]:1")->is_source_specific());
    EXPECT_FALSE(Address::parse("[ff3e:20:2001:db8::1]:1")->is_source_specific());  // RFC 3306
    EXPECT_TRUE(Address::parse("[fe80::1]:1")->is_link_local());
    EXPECT_FALSE(Address::parse("[fd77::1]:1")->is_link_local());
    EXPECT_TRUE(Address().is_any());
    EXPECT_TRUE(Address::loopback(3).is_loopback());
    EXPECT_TRUE(Address::parse("[::1]:3")->is_loopback());
}

TEST(Address, is_a_key) {
    std::unordered_set<Address> set{Address::loopback(1), Address::loopback(2),
                                    Address::loopback(1)};
    EXPECT_EQ(set.size(), 2u);
    EXPECT_NE(Address::loopback(1), Address::ipv4({127, 0, 0, 2}, 1));
    EXPECT_EQ(Address::loopback(1).with_port(9), Address::loopback(9));
}

TEST(HostPort, takes_names_and_addresses) {
    const auto name = HostPort::parse("site.example:8443");
    ASSERT_TRUE(name.ok());
    EXPECT_EQ(name->host, "site.example");
    EXPECT_EQ(name->port, 8443);
    EXPECT_EQ(HostPort::parse("[fd00::1]:1")->to_string(), "[fd00::1]:1");
    for (const auto* text : {"host", "host:0", ":80", "ho st:80", "a@b:80", "host:99999"}) {
        EXPECT_FALSE(HostPort::parse(text).ok()) << text;
    }
}

}  // namespace
}  // namespace muster::net
