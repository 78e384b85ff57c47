// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/site_settings.h"

#include <gtest/gtest.h>

#include "server/database_test_util.h"
#include "server/schema.h"
#include "text/json.h"

namespace muster::server {
namespace {

Value json(std::string_view text) {
    auto value = text::parse_json(text);
    EXPECT_TRUE(value.ok()) << text;
    return value.ok() ? *value : Value();
}

// Of a distribution point that says only this.
Result<PointSettings> point(const std::string& given) {
    const ApiDescription description;
    return point_settings(TRY(point_settings_document(given, description)));
}

std::string refusal(const std::string& given) {
    const auto settings = point(given);
    return settings.ok() ? "taken" : settings.error().message();
}

TEST(SiteSettings, ASiteThatSaysNothingHasTheDefaultsOfTheDescription) {
    ScratchDatabase database;
    const ApiDescription description;
    const auto settings = site_settings(*database, description);
    ASSERT_TRUE(settings.ok()) << settings.error().message();
    EXPECT_EQ(settings->unknown_computers, UnknownComputers::off);
    EXPECT_EQ(settings->conflicting_records, "block");
    EXPECT_EQ(settings->high_risk_size, 100);
    EXPECT_EQ(settings->keep_audit_days, 1095);
    EXPECT_EQ(settings->time_zone, "UTC");
    const auto document = site_settings_document(*database, description);
    const Value& schema =
        *description.root().find("components")->find("schemas")->find("SiteSettings");
    EXPECT_TRUE(faults_of(*document, schema, description.root()).empty());
}

TEST(SiteSettings, WhatIsSavedIsReadAgainAndTheRestStaysDefault) {
    ScratchDatabase database;
    const ApiDescription description;
    const Value changed = json(
        R"({"unknown_computers":"accept","ignored_macs":["02:00:00:00:00:01"],"keep_log_days":3})");
    ASSERT_TRUE(save_site_settings(*database, changed).ok());
    database.reopen();
    const auto settings = site_settings(*database, description);
    ASSERT_TRUE(settings.ok()) << settings.error().message();
    EXPECT_EQ(settings->unknown_computers, UnknownComputers::accept);
    EXPECT_EQ(settings->ignored_macs, std::vector<std::string>{"02:00:00:00:00:01"});
    EXPECT_EQ(settings->keep_log_days, 3);
    EXPECT_EQ(settings->keep_status_days, 365);
}

TEST(PointSettings, APointThatSaysNothingHasTheDefaultsOfTheDescription) {
    const auto settings = point("{}");
    ASSERT_TRUE(settings.ok()) << settings.error().message();
    EXPECT_TRUE(settings->multicast);
    EXPECT_EQ(settings->groups, "auto");
    EXPECT_EQ(settings->first_port, 49152);
    EXPECT_EQ(settings->last_port, 65535);
    EXPECT_EQ(settings->rate_mode, mcast::RateMode::adaptive);
    EXPECT_EQ(settings->rate_bits_per_second, 0U);
    EXPECT_EQ(settings->slow_clients, mcast::SlowPolicy::defer);
    EXPECT_EQ(settings->unicast_share_percent, 20U);
    EXPECT_EQ(settings->ttl, 1);
    EXPECT_FALSE(settings->limits.limit_at(0));
}

TEST(PointSettings, RatesAreReadAsTheyAreMeant) {
    struct Case {
        const char* given;
        mcast::RateMode mode;
        std::uint64_t rate;
    };
    const Case cases[] = {
        {R"({"transfer_rate":"100 Mbit/s","custom_rate":7})", mcast::RateMode::fixed, 100'000'000},
        {R"({"transfer_rate":"1 Gbit/s"})", mcast::RateMode::fixed, 1'000'000'000},
        {R"({"transfer_rate":"10 Gbit/s"})", mcast::RateMode::fixed, 10'000'000'000},
        {R"({"transfer_rate":"custom","custom_rate":5000})", mcast::RateMode::fixed, 5000},
        {R"({"transfer_rate":"adaptive","custom_rate":5000})", mcast::RateMode::adaptive, 5000},
    };
    for (const auto& each : cases) {
        const auto settings = point(each.given);
        ASSERT_TRUE(settings.ok()) << settings.error().message();
        EXPECT_EQ(settings->rate_mode, each.mode) << each.given;
        EXPECT_EQ(settings->rate_bits_per_second, each.rate) << each.given;
    }
    for (const auto& [word, policy] : {std::pair("wait", mcast::SlowPolicy::wait),
                                       std::pair("evict", mcast::SlowPolicy::evict)}) {
        EXPECT_EQ(point(std::string(R"({"slow_clients":")") + word + "\"}")->slow_clients, policy);
    }
}

TEST(PointSettings, FieldsThatDoNotFitTogetherAreNamed) {
    EXPECT_EQ(refusal(R"({"first_port":60000,"last_port":50000})"),
              "first_port: 60000 is above last_port 50000");
    EXPECT_NE(refusal(R"({"transfer_rate":"custom"})").find("custom_rate"), std::string::npos);
    EXPECT_NE(refusal(R"({"limits":["mon"]})").find("limits"), std::string::npos);
    EXPECT_EQ(refusal(R"({"first_port":60000,"last_port":60000})"), "taken");
}

TEST(PointSettings, LimitsOfTheWeekAreReadTogether) {
    const auto settings =
        point(R"({"limits":["mon-fri 08:00-17:00 100M","sat 00:00-24:00 200M"]})");
    ASSERT_TRUE(settings.ok()) << settings.error().message();
    EXPECT_EQ(settings->limits.limit_at(9 * 60), 100'000'000);
    EXPECT_EQ(settings->limits.limit_at(5 * 24 * 60), 200'000'000);
    EXPECT_FALSE(settings->limits.limit_at(20 * 60));
}

TEST(PointSettings, AChangeIsPutOverWhatThereIs) {
    const Value changed = overlaid(json(R"({"a":1,"b":[1,2]})"), json(R"({"b":[],"c":null})"));
    EXPECT_EQ(text::to_json(changed), R"({"a":1,"b":[],"c":null})");
    EXPECT_EQ(text::to_json(overlaid(changed, Value())), text::to_json(changed));
}

}  // namespace
}  // namespace muster::server
