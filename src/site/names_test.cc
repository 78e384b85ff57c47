// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/names.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

TEST(NamesTest, ADeviceNameIsADnsLabel) {
    for (auto name : {"PC-01", "a", "0a", "lab-3-left", "1-2"}) {
        EXPECT_TRUE(check_device_name(name).ok()) << name;
    }
    EXPECT_TRUE(check_device_name(std::string(63, 'x')).ok());
    for (auto name : {"", "-a", "a-", "PC 01", "PC_01", "pc.lab", "käse", "a/b", "a\nb"}) {
        EXPECT_FALSE(check_device_name(name).ok()) << name;
    }
    EXPECT_FALSE(check_device_name(std::string(64, 'x')).ok());
}

TEST(NamesTest, DigitsOnlyAreKeptForIds) {
    EXPECT_EQ(check_device_name("12").error().message(),
              "device name '12': at least one letter or hyphen, digits only mean an id");
    EXPECT_FALSE(check_name("collection", "7").ok());
    EXPECT_TRUE(is_id_text("007"));
    EXPECT_FALSE(is_id_text(""));
    EXPECT_FALSE(is_id_text("7a"));
}

TEST(NamesTest, OtherNamesMayBeWords) {
    for (auto name : {"Room", "Room 3, left", "Büro", "lab-image", "教室"}) {
        EXPECT_TRUE(check_name("collection", name).ok()) << name;
    }
    EXPECT_TRUE(check_name("image", std::string(100, 'x')).ok());
    std::string hundred_umlauts;
    for (int i = 0; i < 100; ++i) hundred_umlauts += "ü";
    EXPECT_TRUE(check_name("image", hundred_umlauts).ok());
    for (std::string_view name : {"", " a", "a ", "a/b", "a\\b", "a\tb", "a\x7f", "\xc2\x80",
                                  "\xff", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80"}) {
        EXPECT_FALSE(check_name("image", name).ok()) << name;
    }
    using namespace std::string_view_literals;
    EXPECT_FALSE(check_name("image", "a\0b"sv).ok());
    EXPECT_EQ(check_name("image", std::string(101, 'x')).error().code(), Errc::invalid_argument);
}

TEST(NamesTest, ARefusalNamesKindNameAndRule) {
    EXPECT_EQ(check_name("image", "a/b").error().message(),
              "image name 'a/b': no control characters, no / and no \\, text in UTF-8");
    EXPECT_EQ(check_device_name("PC_01").error().message(),
              "device name 'PC_01': allowed are 1 to 63 letters a-z, digits and hyphens, no hyphen "
              "at either end");
}

TEST(NamesTest, AMessageNeverCarriesControlCharactersOrEndlessText) {
    EXPECT_EQ(printable("a\x1b[31m\xff"), "a?[31m?");
    EXPECT_EQ(printable(std::string(500, 'x')), std::string(60, 'x') + "...");
    EXPECT_LE(check_name("image", std::string(5000, '\n')).error().message().size(), 200u);
}

TEST(NamesTest, NamesThatDifferInCaseShareAKey) {
    EXPECT_EQ(name_key("PC-01"), name_key("pc-01"));
    EXPECT_NE(name_key("PC-01"), name_key("PC-02"));
}

TEST(NamesTest, TextHasALengthInCharacters) {
    EXPECT_TRUE(check_text("comment", "", 3).ok());
    EXPECT_TRUE(check_text("comment", "üüü", 3).ok());
    EXPECT_EQ(check_text("comment", "üüüü", 3).error().message(),
              "comment 'üüüü': at most 3 characters, this has 4");
    EXPECT_FALSE(check_text("comment", "a\nb", 10).ok());
}

}  // namespace
}  // namespace muster::site
