// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/group_address.h"

#include <gtest/gtest.h>

namespace muster::session {
namespace {

net::Interface with_ipv4() {
    net::Interface interface;
    interface.ipv4.push_back(net::Address::ipv4({10, 0, 0, 1}));
    return interface;
}

std::uint8_t octet(const net::Address& address, std::size_t index) {
    return std::to_integer<std::uint8_t>(address.ip_bytes()[index]);
}

TEST(GroupAddress, is_source_specific_unless_told_otherwise) {
    EXPECT_TRUE(group_address("", 7, with_ipv4())->is_source_specific());
    EXPECT_TRUE(group_address("", 7, with_ipv4())->is_v4());
    EXPECT_EQ(*group_address("", 7, with_ipv4()), *group_address("ssm", 7, with_ipv4()));
    EXPECT_FALSE(group_address("asm", 7, with_ipv4())->is_source_specific());
    EXPECT_TRUE(group_address("ssm6", 7, with_ipv4())->is_v6());
    EXPECT_FALSE(group_address("asm6", 7, with_ipv4())->is_source_specific());
}

TEST(GroupAddress, without_ipv4_it_is_of_ipv6) {
    const auto group = group_address("", 7, net::Interface());
    EXPECT_TRUE(group->is_v6());
    EXPECT_TRUE(group->is_source_specific());
}

TEST(GroupAddress, stays_clear_of_what_switches_flood) {
    for (std::uint32_t session = 0; session < 5000; ++session) {
        const auto ssm = *group_address("ssm", session, with_ipv4());
        EXPECT_TRUE(ssm.is_multicast() && ssm.port() >= 49152);
        EXPECT_NE(octet(ssm, 2), 0);
        const auto asm4 = *group_address("asm", session, with_ipv4());
        EXPECT_EQ(octet(asm4, 0), 239);
        EXPECT_EQ(octet(asm4, 1) & 0xfc, 192);
        EXPECT_NE(octet(asm4, 2), 0);
        for (const char* kind : {"ssm6", "asm6"}) {
            const auto group = *group_address(kind, session, with_ipv4());
            EXPECT_GE(octet(group, 12), 0x80);
            EXPECT_NE(octet(group, 12), 0xff);
        }
    }
}

TEST(GroupAddress, one_that_is_written_out_is_taken) {
    EXPECT_EQ(group_address("239.1.2.3:5000", 7, with_ipv4())->to_string(), "239.1.2.3:5000");
    EXPECT_EQ(group_address("[ff15::1:2]:5000", 7, with_ipv4())->to_string(), "[ff15::1:2]:5000");
    for (const char* wrong : {"10.0.0.1:5000", "239.1.2.3:0", "239.1.2.3", "ssm7"}) {
        const auto group = group_address(wrong, 7, with_ipv4());
        ASSERT_FALSE(group.ok()) << wrong;
        EXPECT_NE(group.error().message().find(wrong), std::string::npos);
    }
}

}  // namespace
}  // namespace muster::session
