// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/group_range.h"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

net::Interface ethernet() {
    net::Interface interface;
    interface.name = "eth0";
    interface.index = 2;
    interface.ipv4 = {*net::Address::parse_ip("10.0.0.1")};
    interface.ipv6 = {*net::Address::parse_ip("2001:db8::1")};
    return interface;
}

std::string chosen(const std::string& range, const std::set<std::string>& taken,
                   std::uint16_t first_port = 5000, std::uint16_t last_port = 5009,
                   std::uint32_t session = 77) {
    const auto group = choose_group(range, first_port, last_port, session, ethernet(), taken);
    return group.ok() ? *group : group.error().message();
}

TEST(GroupRange, WordsAndRangesOfTwoBlocksAreTaken) {
    for (const char* text : {"auto", "ssm", "asm", "ssm6", "asm6", "239.1.0.0-239.1.0.255",
                             "232.1.2.3-232.1.2.3", "239.0.0.0-239.255.255.255"}) {
        EXPECT_TRUE(check_group_range(text).ok()) << text;
    }
}

TEST(GroupRange, EverythingElseIsRefusedWithWhatIsAllowed) {
    for (const char* text :
         {"", "x", "239.1.0.0", "239.1.0.9-239.1.0.1", "238.255.255.255-239.0.0.1",
          "239.0.0.0-240.0.0.0", "232.0.0.1-239.0.0.1", "224.0.0.1-224.0.0.2", "239.1.0.0-",
          "-239.1.0.0", "ff15::1-ff15::2", "239.1.0-239.2.0", "239.1.0.0-239.1.0.1-239.1.0.2"}) {
        const Status refused = check_group_range(text);
        ASSERT_FALSE(refused.ok()) << text;
        EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
        EXPECT_NE(refused.error().message().find("239.0.0.0/8 or 232.0.0.0/8"), std::string::npos);
    }
}

TEST(GroupRange, ARangeGivesItsFirstFreeAddressWhateverThePortsOfTheOthers) {
    const std::string range = "239.1.0.254-239.1.1.1";
    EXPECT_EQ(chosen(range, {}), "239.1.0.254:5000");
    EXPECT_EQ(chosen(range, {"239.1.0.254:5003", "239.1.1.0:5000"}), "239.1.0.255:5000");
    EXPECT_EQ(chosen(range, {"239.1.0.254:5000", "239.1.0.255:5000"}), "239.1.1.0:5000");
    // The beginning of another address is no address.
    EXPECT_EQ(chosen("239.1.1.1-239.1.1.1", {"239.1.1.10:5000", "239.1.1.100:5000"}),
              "239.1.1.1:5000");
}

TEST(GroupRange, AFullRangeSaysSo) {
    const auto group = choose_group("239.1.0.0-239.1.0.1", 5000, 5009, 77, ethernet(),
                                    {"239.1.0.0:5000", "239.1.0.1:5001"});
    ASSERT_FALSE(group.ok());
    EXPECT_EQ(group.error().code(), Errc::no_space);
    EXPECT_NE(group.error().message().find("239.1.0.0-239.1.0.1"), std::string::npos);
}

TEST(GroupRange, AWordDrawsAFreeGroupWithAPortOfThePoint) {
    for (const char* word : {"auto", "ssm", "asm", "ssm6", "asm6"}) {
        std::set<std::string> taken;
        for (std::uint32_t session = 0; session < 50; ++session) {
            const auto group = choose_group(word, 5000, 5001, 77, ethernet(), taken);
            ASSERT_TRUE(group.ok()) << group.error().message();
            EXPECT_TRUE(taken.insert(*group).second) << *group;
            EXPECT_TRUE(group->ends_with(":5000") || group->ends_with(":5001")) << *group;
        }
    }
    EXPECT_TRUE(chosen("auto", {}).starts_with("232."));
    EXPECT_TRUE(chosen("asm", {}, 1024, 65535).starts_with("239.19"));
    EXPECT_TRUE(chosen("ssm", {}, 65535, 65535).ends_with(":65535"));
}

}  // namespace
}  // namespace muster::server
