// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/values.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/output.h"
#include "cli/site_client.h"
#include "cli/token_file.h"

namespace muster::cli {
namespace {

TEST(Values, RatesAreDecimalAndSizesBinary) {
    EXPECT_EQ(*parse_rate("200M"), 200'000'000u);
    EXPECT_EQ(*parse_rate("1.5G"), 1'500'000'000u);
    EXPECT_EQ(*parse_rate("0"), 0u);
    EXPECT_EQ(*parse_size("128M"), 128u << 20);
    EXPECT_EQ(*parse_size("64K"), 65536u);
}

TEST(Values, WhoNamesARateMeansItAndWhoNamesNoneWantsWhatTheNetworkAllows) {
    using mcast::RateMode;
    EXPECT_EQ(parse_rate_choice("", "")->mode, RateMode::adaptive);
    EXPECT_EQ(parse_rate_choice("", "")->bits_per_second, 0u);
    EXPECT_EQ(parse_rate_choice("200M", "")->mode, RateMode::fixed);
    EXPECT_EQ(parse_rate_choice("200M", "")->bits_per_second, 200'000'000u);
    EXPECT_EQ(parse_rate_choice("0", "")->mode, RateMode::fixed);
    EXPECT_EQ(parse_rate_choice("200M", "adaptive")->mode, RateMode::adaptive);
    EXPECT_EQ(parse_rate_choice("200M", "adaptive")->bits_per_second, 200'000'000u);
    EXPECT_EQ(parse_rate_choice("", "fixed")->mode, RateMode::fixed);
    EXPECT_FALSE(parse_rate_choice("200M", "fast").ok());
    EXPECT_FALSE(parse_rate_choice("fast", "").ok());
}

TEST(Values, WhatIsNoRateIsShownWithAnExample) {
    for (const char* text : {"", "fast", "200 M", "-1", "20X", "1e30", "200MM"}) {
        auto rate = parse_rate(text);
        ASSERT_FALSE(rate.ok()) << text;
        EXPECT_NE(rate.error().message().find("200M"), std::string::npos);
    }
}

TEST(Output, NumbersReadAsPeopleWriteThem) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(1536), "1.50 KiB");
    EXPECT_EQ(human_bytes(162'700'000), "155.2 MiB");
    EXPECT_EQ(human_rate(194.2e6), "194.2 Mbit/s");
    EXPECT_EQ(human_rate(2.5e9), "2.50 Gbit/s");
    EXPECT_EQ(human_time(83), "1:23");
    EXPECT_EQ(bar(0.5, 4), "[##--]");
    EXPECT_EQ(bar(7, 4), "[####]");
}

TEST(Output, TablesAlignByCharactersNotBytes) {
    Table table({"NAME", "X"});
    table.row({"Zürich", "1"});
    table.row({"Rom", "2"});
    EXPECT_EQ(table.to_string(), "NAME    X\nZürich  1\nRom     2\n");
}

TEST(SiteClient, EscapesWhatAPathCannotCarry) {
    EXPECT_EQ(escape("PC-01"), "PC-01");
    EXPECT_EQ(escape("Room 7/b"), "Room%207%2Fb");
}

class TokenFileTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "muster-token-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = (folder_ / "token").string();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
    std::string path_;
};

TEST_F(TokenFileTest, IsUsedAgainSoThatTheSenderStaysTheSame) {
    auto first = load_or_make_token(path_);
    ASSERT_TRUE(first.ok());
    auto second = load_or_make_token(path_);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(first->token.secret, second->token.secret);
    EXPECT_EQ(first->token.fingerprint, second->identity.fingerprint());
    const auto rights = std::filesystem::status(path_).permissions();
    EXPECT_EQ(rights, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(TokenFileTest, DoesNotGiveReceiversThePrivateKey) {
    ASSERT_TRUE(load_or_make_token(path_).ok());
    std::ifstream file(path_);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(text.find("PRIVATE"), std::string::npos);
}

TEST_F(TokenFileTest, SaysWhatIsWrongWithIt) {
    EXPECT_EQ(load_token(path_).error().code(), Errc::not_found);
    std::ofstream(path_) << "{\"secret\":\"short\"}";
    EXPECT_NE(load_token(path_).error().message().find(path_), std::string::npos);
    auto without_key = load_or_make_token(path_);
    ASSERT_FALSE(without_key.ok());
    EXPECT_NE(without_key.error().message().find(path_ + ".key"), std::string::npos);
}

}  // namespace
}  // namespace muster::cli
