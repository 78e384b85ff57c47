// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/fields.h"

#include <gtest/gtest.h>

#include "text/json.h"

namespace muster::cli {
namespace {

const server::ApiDescription& description() {
    static const server::ApiDescription kDescription;
    return kDescription;
}

// The body as JSON, or what is wrong.
std::string body(std::string_view operation, const std::vector<std::string>& fields) {
    const auto value = fields_body(description(), operation, fields);
    return value.ok() ? text::to_json(*value) : value.error().message();
}

TEST(Fields, TakeTheTypesOfTheDescription) {
    EXPECT_EQ(body("setSettings", {"high_risk_size=5", "time_zone=Europe/Berlin"}),
              R"({"high_risk_size":5,"time_zone":"Europe/Berlin"})");
    for (const char* yes : {"true", "yes", "on"}) {
        EXPECT_EQ(body("setImage", {std::string("allow_multicast=") + yes}),
                  R"({"allow_multicast":true})");
    }
    EXPECT_EQ(body("setImage", {"allow_multicast=off"}), R"({"allow_multicast":false})");
    // A text that looks like something else stays a text, and may have '=' in it.
    EXPECT_EQ(body("setDevice", {"comment=7", "serial=a=b"}), R"({"comment":"7","serial":"a=b"})");
    EXPECT_EQ(body("setDevice", {"comment="}), R"({"comment":""})");
    EXPECT_EQ(body("setDevice", {}), "{}");
}

TEST(Fields, AListTakesOneItemAfterTheOtherAndNothingEmptiesIt) {
    EXPECT_EQ(body("setDevice", {"macs=a", "macs=b"}), R"({"macs":["a","b"]})");
    EXPECT_EQ(body("setDevice", {"macs="}), R"({"macs":[]})");
    EXPECT_EQ(body("setCollection", {"rules=Name = 'x'"}), R"({"rules":["Name = 'x'"]})");
    EXPECT_EQ(body("setCollection", {"includes=a", "includes=b"}), R"({"includes":["a","b"]})");
}

TEST(Fields, NullTakesAwayWhereThatIsPossible) {
    EXPECT_EQ(body("setCollection", {"limiting=null"}), R"({"limiting":null})");
    EXPECT_EQ(body("setDeployment", {"deadline=null"}), R"({"deadline":null})");
    EXPECT_EQ(body("setDevice", {"comment=null"}), R"({"comment":"null"})");
}

TEST(Fields, APointLeadsInside) {
    EXPECT_EQ(body("addDeployment", {"start.when_all=true", "start.clients=5", "sequence=x"}),
              R"({"start":{"when_all":true,"clients":5},"sequence":"x"})");
    EXPECT_EQ(body("setPoint", {"settings.ttl=2", "settings.interfaces=eth0"}),
              R"({"settings":{"ttl":2,"interfaces":["eth0"]}})");
}

TEST(Fields, WhatIsNotKnownIsRefusedWithWhatIs) {
    EXPECT_EQ(body("addToken", {"nam=x"}), "nam: no such field (known: name, role, expires_days)");
    EXPECT_EQ(body("addDeployment", {"start.clint=5"}),
              "start.clint: no such field (known: clients, delay_seconds, at, when_all, by_hand)");
    EXPECT_EQ(body("addToken", {"name.first=x"}), "name.first: name has no parts");
    EXPECT_EQ(body("addToken", {"name"}), "'name': write FIELD=VALUE");
    EXPECT_EQ(body("addToken", {"=x"}), ": no such field (known: name, role, expires_days)");
    for (const char* wrong : {"expires_days=", "expires_days=5d", "expires_days=1.5",
                              "expires_days=99999999999999999999"}) {
        EXPECT_TRUE(body("addToken", {wrong}).ends_with("is no whole number")) << wrong;
    }
    EXPECT_EQ(body("setImage", {"allow_multicast=maybe"}),
              "allow_multicast: 'maybe' is neither true nor false");
}

TEST(Fields, AThingWithPartsIsNoText) {
    for (const char* whole : {"settings=x", "settings="}) {
        const std::string said = body("setPoint", {whole});
        EXPECT_NE(said.find("settings"), std::string::npos) << said;
        EXPECT_NE(said.find("settings.ttl"), std::string::npos) << said;
    }
    // Whichever comes first, what is no map has no members.
    EXPECT_NE(body("addDeployment", {"start=x", "start.clients=5"}).find("start."),
              std::string::npos);
}

TEST(Fields, ASchemaHasThemToo) {
    const auto value = fields_of(description(), "PointSettings", {"cap=1000", "multicast=no"});
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(text::to_json(*value), R"({"cap":1000,"multicast":false})");
    EXPECT_EQ(known_fields(description(), "addToken"), "name, role, expires_days");
}

}  // namespace
}  // namespace muster::cli
