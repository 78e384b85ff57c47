// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/igmp.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace muster::net {
namespace {

TEST(Igmp, a_general_query_is_that_of_rfc_3376_section_4_1) {
    // Type 11, 10 s in tenths, checksum, no group, robustness 2, 125 s, no sources.
    EXPECT_EQ(to_hex(general_query(false, {})), "1164ec1e00000000027d0000");
    const auto heard = parse_query(false, general_query(false, {}));
    ASSERT_TRUE(heard.has_value());
    EXPECT_TRUE(heard->general);
    EXPECT_EQ(heard->version, 3);
}

TEST(Igmp, a_general_query_of_ipv6_is_that_of_rfc_3810_section_5_1) {
    // Type 130, checksum left to the kernel, 10000 ms, reserved, no group, robustness 2, 125 s.
    EXPECT_EQ(to_hex(general_query(true, {})),
              "8200000027100000" + std::string(32, '0') + "027d0000");
    const auto heard = parse_query(true, general_query(true, {}));
    ASSERT_TRUE(heard.has_value());
    EXPECT_TRUE(heard->general);
    EXPECT_EQ(heard->version, 2);
}

TEST(Igmp, old_reports_and_leaves_are_those_of_rfc_2236_and_2710) {
    const auto group = Address::ipv4({232, 1, 2, 3});
    EXPECT_EQ(to_hex(old_report(group)), "1600fffae8010203");
    EXPECT_EQ(to_hex(old_leave(group)), "1700fefae8010203");
    const auto group6 = *Address::parse_ip("ff35::8000:7");
    EXPECT_EQ(to_hex(old_report(group6)), "8300000000000000ff350000000000000000000080000007");
    EXPECT_EQ(to_hex(old_leave(group6)), "8400000000000000ff350000000000000000000080000007");
}

TEST(Igmp, older_queries_and_those_of_one_group_are_told_apart) {
    const auto version = [](const char* hex) {
        return parse_query(false, *from_hex(hex))->version;
    };
    EXPECT_EQ(version("1100eeff00000000"), 1);
    EXPECT_EQ(version("1164ee9b00000000"), 2);
    EXPECT_FALSE(parse_query(false, *from_hex("11640497e8010203"))->general);
    EXPECT_EQ(parse_query(true, *from_hex("8200000027100000" + std::string(32, '0')))->version, 1);
}

TEST(Igmp, what_is_no_query_or_damaged_is_none) {
    EXPECT_FALSE(parse_query(false, {}).has_value());
    EXPECT_FALSE(parse_query(true, {}).has_value());
    EXPECT_FALSE(parse_query(false, old_report(Address::ipv4({232, 1, 2, 3}))).has_value());
    auto damaged = general_query(false, {});
    damaged[9] = std::byte{1};
    EXPECT_FALSE(parse_query(false, damaged).has_value());
    for (std::size_t size = 0; size < 8; ++size) {
        EXPECT_FALSE(parse_query(false, ByteSpan(damaged).first(size)).has_value());
    }
}

TEST(Igmp, codes_beyond_their_plain_range_are_floating_point) {
    EXPECT_EQ(igmp_code(127), 127);
    EXPECT_EQ(igmp_code(128), 0x80);    // (0 | 16) << 3
    EXPECT_EQ(igmp_code(31744), 0xff);  // (15 | 16) << 10
    EXPECT_EQ(igmp_code(1'000'000), 0xff);
    EXPECT_EQ(igmp_code((5 | 16) << 6), 0xb5);  // exponent 3, mantissa 5
    EXPECT_EQ(mld_code(32767), 32767);
    EXPECT_EQ(mld_code(32768), 0x8000);
    EXPECT_EQ(mld_code((7 | 0x1000) << 5), 0xa007);
    EXPECT_EQ(mld_code(~0u), 0xffff);
}

}  // namespace
}  // namespace muster::net
