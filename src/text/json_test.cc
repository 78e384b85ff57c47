// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/prng.h"

namespace muster::text {
namespace {

std::string fault_of(std::string_view json) {
    auto tree = parse_json(json);
    if (tree.ok()) return "accepted: " + to_json(*tree);
    EXPECT_EQ(tree.error().code(), Errc::invalid_argument);
    return tree.error().message();
}

std::string place(Location at) { return std::to_string(at.line) + ":" + std::to_string(at.column); }

TEST(JsonTest, AValueComesBackAsItWasWritten) {
    const std::string json =
        R"({"n":"lab","list":[1,-2,9223372036854775807,1.5,true,false,null],"no":{},"none":[]})";
    auto tree = parse_json(json);
    ASSERT_TRUE(tree.ok()) << tree.error().message();
    EXPECT_EQ(to_json(*tree), json);
}

TEST(JsonTest, WholeNumbersStayWholeAndFractionsStayFractions) {
    auto tree = parse_json("[1, 1.0, -9223372036854775808]");
    ASSERT_TRUE(tree.ok());
    const auto& items = *tree->as_list();
    EXPECT_NE(items[0].as_int(), nullptr);
    EXPECT_NE(items[1].as_double(), nullptr);
    EXPECT_EQ(*items[2].as_int(), std::numeric_limits<std::int64_t>::min());
}

TEST(JsonTest, EveryNodeAndKeyKnowsLineAndColumn) {
    auto tree =
        parse_json("{\n  \"a\" : [10, \"x\\u00e9\",\n {\"é\":12 , \"z\": null}],\n\"b\":true}");
    ASSERT_TRUE(tree.ok()) << tree.error().message();
    EXPECT_EQ(place(tree->location()), "1:1");
    const auto& members = *tree->as_map();
    EXPECT_EQ(place(members[0].location), "2:3");
    EXPECT_EQ(place(members[0].value.location()), "2:9");
    const auto& items = *members[0].value.as_list();
    EXPECT_EQ(place(items[0].location()), "2:10");
    EXPECT_EQ(place(items[1].location()), "2:14");
    EXPECT_EQ(place(items[2].location()), "3:2");
    const auto& inner = *items[2].as_map();
    EXPECT_EQ(place(inner[0].location), "3:3");
    EXPECT_EQ(place(inner[0].value.location()), "3:7");
    EXPECT_EQ(place(inner[1].location), "3:12");
    EXPECT_EQ(place(inner[1].value.location()), "3:17");
    EXPECT_EQ(place(members[1].location), "4:1");
    EXPECT_EQ(place(members[1].value.location()), "4:5");
}

TEST(JsonTest, AByteOrderMarkIsNoPartOfTheText) {
    auto tree = parse_json("\xef\xbb\xbf[7]");
    ASSERT_TRUE(tree.ok()) << tree.error().message();
    EXPECT_EQ(place((*tree->as_list())[0].location()), "1:2");
}

TEST(JsonTest, TheSameKeyTwiceIsAnError) {
    EXPECT_EQ(fault_of("{\"a\":1,\n \"a\":2}"),
              "line 2, column 2: a: this key is there twice (first on line 1)");
    EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2}])").ok());
}

TEST(JsonTest, TextAfterTheValueIsAnError) {
    EXPECT_TRUE(fault_of("{} x").starts_with("line 1, column 4: ")) << fault_of("{} x");
    EXPECT_TRUE(fault_of("1 2").starts_with("line 1, column 3: "));
    EXPECT_TRUE(parse_json(" {} \n").ok());
}

TEST(JsonTest, FaultsNameTheirPlace) {
    EXPECT_TRUE(fault_of("{\"a\":\n [1,2,}").starts_with("line 2, column 7: not JSON: "));
    EXPECT_EQ(fault_of("{\"a\":1 "), "line 1, column 8: the text ends in the middle of a value");
    EXPECT_EQ(fault_of(""), "line 1, column 1: the text ends in the middle of a value");
    EXPECT_TRUE(fault_of("[nul]").starts_with("line 1, column "));
    EXPECT_TRUE(fault_of("{'a':1}").starts_with("line 1, column 2: "));
    EXPECT_TRUE(fault_of("[1,]").starts_with("line 1, column 4: "));
}

TEST(JsonTest, NumbersThatDoNotFitAreErrors) {
    EXPECT_EQ(fault_of("[9223372036854775808]"),
              "line 1, column 2: this whole number does not fit 64 bits");
    EXPECT_EQ(fault_of("{\"a\": -99999999999999999999}"),
              "line 1, column 7: this whole number does not fit 64 bits");
    EXPECT_NE(fault_of("1e999").find("number overflow"), std::string::npos);
    for (auto json : {"01", "+1", "1.", ".5", "NaN", "Infinity", "0x10", "-"}) {
        EXPECT_FALSE(parse_json(json).ok()) << json;
    }
}

TEST(JsonTest, BrokenStringsAreErrors) {
    for (std::string_view json : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\\ud800\"",
                                  "\"\\x41\"", "\"a\nb\"", "\"open"}) {
        EXPECT_FALSE(parse_json(json).ok()) << json;
    }
    using namespace std::string_view_literals;
    EXPECT_FALSE(parse_json("\"a\0b\""sv).ok());
    EXPECT_FALSE(parse_json("1\0"sv).ok());
}

TEST(JsonTest, DepthIsLimitedAndTheLimitItselfIsAllowed) {
    const std::string open(kMaxDepth, '[');
    const std::string close(kMaxDepth, ']');
    EXPECT_TRUE(parse_json(open + close).ok());
    EXPECT_EQ(fault_of("[" + open + close + "]"),
              "line 1, column 65: nested deeper than 64 levels");
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')).ok());
    std::string maps;
    for (int i = 0; i < 100'000; ++i) maps += "{\"a\":";
    EXPECT_FALSE(parse_json(maps).ok());
}

TEST(JsonTest, AHundredThousandKeysAreReadInOnePass) {
    std::string json = "{";
    for (int i = 0; i < 100'000; ++i) json += "\"key" + std::to_string(i) + "\":1,";
    json += "\"key7\":2}";
    EXPECT_NE(fault_of(json).find("key7: this key is there twice"), std::string::npos);
}

TEST(JsonTest, WritingEscapesAndNeverFails) {
    EXPECT_EQ(to_json(Value("a\"\\\n\x01é")), "\"a\\\"\\\\\\n\\u0001é\"");
    EXPECT_EQ(to_json(Value("\xff")), "\"\xef\xbf\xbd\"");
    EXPECT_EQ(to_json(Value(std::nan(""))), "null");
    EXPECT_EQ(to_json(Value(HUGE_VAL)), "null");
    EXPECT_EQ(to_json(Value(0.1)), "0.1");
}

TEST(JsonTest, PrettyTextHasTwoSpacesALevelAndReadsBackTheSame) {
    Value tree;
    tree.set("name", "x").set("list", Value::list().push(1).push(Value::map()));
    EXPECT_EQ(to_json_pretty(tree),
              "{\n  \"name\": \"x\",\n  \"list\": [\n    1,\n    {}\n  ]\n}\n");
    EXPECT_EQ(to_json(*parse_json(to_json_pretty(tree))), to_json(tree));
}

TEST(JsonTest, DamagedTextIsRefusedOrReadButNeverWorse) {
    const std::string sound =
        R"({"n":"PC-01","macs":["02:00:00:00:00:01"],"x":-12.5e3,"deep":[[{"x":null}]],"u":"é"})";
    Prng prng(20240601);
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string json = sound;
        for (auto edits = prng.below(4) + 1; edits > 0; --edits) {
            const auto at = prng.below(json.size());
            switch (prng.below(3)) {
                case 0: json[at] = static_cast<char>(prng.below(256)); break;
                case 1: json.erase(at, prng.below(5)); break;
                default: json.insert(at, json.substr(prng.below(json.size()), prng.below(6)));
            }
            if (json.empty()) json = "x";
        }
        auto tree = parse_json(json);
        if (!tree.ok()) {
            ++refused;
            EXPECT_TRUE(tree.error().message().starts_with("line ")) << json;
        } else {
            EXPECT_EQ(to_json(*parse_json(to_json(*tree))), to_json(*tree)) << json;
        }
    }
    EXPECT_GT(refused, 1000);
    EXPECT_LT(refused, 20'000);
}

}  // namespace
}  // namespace muster::text
