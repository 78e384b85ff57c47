// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/yaml.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/prng.h"
#include "text/json.h"

namespace muster::text {
namespace {

std::string as_json(std::string_view yaml) {
    auto tree = parse_yaml(yaml, "room.yaml");
    return tree.ok() ? to_json(*tree) : tree.error().message();
}

std::string fault_of(std::string_view yaml) {
    auto tree = parse_yaml(yaml, "room.yaml");
    if (tree.ok()) return "accepted: " + to_json(*tree);
    EXPECT_EQ(tree.error().code(), Errc::invalid_argument) << tree.error().message();
    return tree.error().message();
}

std::string place(Location at) { return std::to_string(at.line) + ":" + std::to_string(at.column); }

TEST(YamlTest, EveryNodeAndKeyKnowsLineAndColumn) {
    auto tree = parse_yaml(
        "name: Room image\n"
        "# a comment\n"
        "steps:\n"
        "  - partition disk: { disk: 0, layout: windows-uefi }\n"
        "  - name: über alles\n"
        "    apply: { 'ü': 1, index: 2 }\n",
        "");
    ASSERT_TRUE(tree.ok()) << tree.error().message();
    const auto& members = *tree->as_map();
    EXPECT_EQ(place(members[0].location), "1:1");
    EXPECT_EQ(place(members[0].value.location()), "1:7");
    EXPECT_EQ(place(members[1].location), "3:1");
    const auto& steps = *members[1].value.as_list();
    EXPECT_EQ(place(steps[0].location()), "4:5");
    const auto& partition = (*steps[0].as_map())[0];
    EXPECT_EQ(place(partition.value.location()), "4:21");
    EXPECT_EQ(place((*partition.value.as_map())[1].location), "4:32");
    EXPECT_EQ(place((*partition.value.as_map())[1].value.location()), "4:40");
    const auto& apply = (*steps[1].as_map())[1];
    EXPECT_EQ(place(apply.location), "6:5");
    EXPECT_EQ(place((*apply.value.as_map())[1].location), "6:22");
}

TEST(YamlTest, NothingBehindAKeyStandsWhereTheKeyStands) {
    auto tree = parse_yaml("a: 1\nb:\n\n\nc: 2\n", "");
    ASSERT_TRUE(tree.ok());
    EXPECT_TRUE(tree->find("b")->is_null());
    EXPECT_EQ(place(tree->find("b")->location()), "2:1");
}

TEST(YamlTest, PlainScalarsFollowTheCoreSchema) {
    EXPECT_EQ(as_json("[true, True, FALSE, yes, off, null, ~, NULL]"),
              R"([true,true,false,"yes","off",null,null,null])");
    EXPECT_EQ(as_json("[0, -12, +7, 0o17, 0x1F, 010, 0xg, 1_000, '12', \"true\"]"),
              R"([0,-12,7,15,31,10,"0xg","1_000","12","true"])");
    EXPECT_EQ(as_json("[1.5, .5, 5., -1e3, 1e, 1.2.3, e5, ., '1.5']"),
              R"([1.5,0.5,5.0,-1000.0,"1e","1.2.3","e5",".","1.5"])");
    EXPECT_EQ(as_json("[10:30, 02:00:00:00:00:01, 2024-01-01, <<]"),
              R"(["10:30","02:00:00:00:00:01","2024-01-01","<<"])");
    auto special = parse_yaml("[.inf, -.INF, .nan]", "");
    ASSERT_TRUE(special.ok());
    EXPECT_EQ(*(*special->as_list())[1].as_double(), -HUGE_VAL);
    EXPECT_TRUE(std::isnan(*(*special->as_list())[2].as_double()));
}

TEST(YamlTest, BlockScalarsAreStrings) {
    EXPECT_EQ(as_json("a: |\n  12\n  34\nb: >\n  x\n  y\n"), R"({"a":"12\n34\n","b":"x y\n"})");
    EXPECT_EQ(as_json("a: !!str 12"), R"({"a":"12"})");
}

TEST(YamlTest, AnEmptyTextIsNull) {
    EXPECT_EQ(as_json(""), "null");
    EXPECT_EQ(as_json("# only a comment\n"), "null");
    EXPECT_EQ(as_json("---\n"), "null");
}

TEST(YamlTest, FaultsNameFileLineAndColumn) {
    EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"),
              "room.yaml: line 3, column 1: a: this key is there twice (first on line 1)");
    EXPECT_EQ(fault_of("a: 1\n---\nb: 2"),
              "room.yaml: line 2, column 1: a second document begins here, expected one");
    EXPECT_TRUE(fault_of("a:\n\t- 2").starts_with("room.yaml: line 2, column ")) << fault_of("");
    EXPECT_TRUE(fault_of("a: [1\nb: 2").starts_with("room.yaml: line 2, column "));
    EXPECT_EQ(fault_of("a: 'open\n"),
              "room.yaml: line 1, column 4: not YAML: this quote is never "
              "closed");
    EXPECT_TRUE(fault_of("a: \"open\\\"\n").starts_with("room.yaml: line "));
    EXPECT_TRUE(fault_of("a: &x 'it''s\n").starts_with("room.yaml: line "));
    EXPECT_EQ(as_json("a: &x 'it''s'\nb: \"\\\"\"\n"), R"({"a":"it's","b":"\""})");
    EXPECT_EQ(fault_of("a:\n  b: 99999999999999999999"),
              "room.yaml: line 2, column 6: 99999999999999999999: this whole number does not fit "
              "64 bits (in quotes it would be a string)");
    EXPECT_EQ(fault_of("x: 1e999"),
              "room.yaml: line 1, column 4: 1e999: this number is out of "
              "range");
}

TEST(YamlTest, KeysAreScalarsAndPresent) {
    EXPECT_EQ(fault_of("? [a]\n: 2"), "room.yaml: line 1, column 3: a list cannot be a key");
    EXPECT_EQ(fault_of("{{a: 1}: 2}"), "room.yaml: line 1, column 2: a map cannot be a key");
    EXPECT_EQ(fault_of(": 2"), "room.yaml: line 1, column 1: a value without a key");
    EXPECT_EQ(fault_of("a: &x k\n*x : 2"), "room.yaml: line 2, column 1: an alias cannot be a key");
    EXPECT_EQ(as_json("1: x\ntrue: y"), R"({"1":"x","true":"y"})");
}

TEST(YamlTest, UnknownTagsAreErrors) {
    EXPECT_EQ(fault_of("a: !!int 3"),
              "room.yaml: line 1, column 4: the tag tag:yaml.org,2002:int is not supported");
    EXPECT_EQ(fault_of("a: !secret [3]"),
              "room.yaml: line 1, column 4: the tag !secret is not supported");
}

TEST(YamlTest, AnchorsAreUsedAgainButNotInsideThemselves) {
    EXPECT_EQ(as_json("a: &x [1, {b: 2}]\nc: *x\nd: &s text\ne: *s\nf: &n\ng: *n"),
              R"({"a":[1,{"b":2}],"c":[1,{"b":2}],"d":"text","e":"text","f":null,"g":null})");
    EXPECT_EQ(fault_of("a: &x [1, *x]"),
              "room.yaml: line 1, column 11: this alias stands inside what it names");
    EXPECT_EQ(fault_of("&x {a: {b: *x}}"),
              "room.yaml: line 1, column 12: this alias stands inside what it names");
    EXPECT_TRUE(fault_of("a: *nope").starts_with("room.yaml: line 1, column 4: "));
}

TEST(YamlTest, AliasesThatGrowWithoutBoundAreStopped) {
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        const std::string name = "a" + std::to_string(i);
        yaml += name + ": &" + name + " [" + before;
        for (int copy = 0; copy < 9; ++copy) yaml += ", " + before;
        yaml += "]\n";
    }
    EXPECT_NE(fault_of(yaml).find("more than 200000 values"), std::string::npos);

    std::string nested = "root: ";
    for (int i = 0; i < 60; ++i) nested += "&n" + std::to_string(i) + " [";
    for (int i = 0; i < 10'000; ++i) nested += "1, ";
    nested += std::string(60, ']');
    EXPECT_NE(fault_of(nested).find("too much under anchors"), std::string::npos);
}

TEST(YamlTest, AliasesCannotGoDeeperThanWhatIsWritten) {
    std::string yaml = "a0: &a0 [[[[[[[[[[1]]]]]]]]]]\n";
    for (int i = 1; i < 8; ++i) {
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[[[*a" +
                std::to_string(i - 1) + "]]]]]]]]]]\n";
    }
    EXPECT_NE(fault_of(yaml).find("nested deeper than 64 levels"), std::string::npos);
}

TEST(YamlTest, DepthIsLimited) {
    EXPECT_EQ(as_json(std::string(64, '[') + std::string(64, ']')),
              std::string(64, '[') + std::string(64, ']'));
    EXPECT_NE(fault_of(std::string(65, '[') + std::string(65, ']')).find("nested deeper than 64"),
              std::string::npos);
    for (std::string_view unit : {"[", "{a: ", "- ", "? ", "a: [", "!x ", "&a "}) {
        std::string yaml;
        for (int i = 0; i < 20'000; ++i) yaml += unit;
        EXPECT_FALSE(parse_yaml(yaml, "x").ok()) << unit;
    }
}

TEST(YamlTest, OnlyUtf8TextIsRead) {
    using namespace std::string_view_literals;
    EXPECT_EQ(fault_of("a: \"\xff\""), "room.yaml: line 1, column 5: not text in UTF-8");
    EXPECT_EQ(fault_of("ü: 1\nb: \xed\xa0\x80"), "room.yaml: line 2, column 4: not text in UTF-8");
    EXPECT_EQ(fault_of("a: \xc0\x80"), "room.yaml: line 1, column 4: not text in UTF-8");
    EXPECT_EQ(fault_of("a: b\0c"sv), "room.yaml: line 1, column 5: not text in UTF-8");
    EXPECT_EQ(fault_of("\xff\xfe\x61\x00"sv), "room.yaml: line 1, column 1: not text in UTF-8");
    EXPECT_EQ(as_json("\xef\xbb\xbf\x61: 1"), R"({"a":1})");
    EXPECT_EQ(as_json("a: \xf0\x9f\x98\x80"), "{\"a\":\"\xf0\x9f\x98\x80\"}");
}

TEST(YamlTest, DamagedTextIsRefusedOrReadButNeverWorse) {
    const std::string sound =
        "name: Room image\nsteps:\n  - partition disk: { disk: 0, layout: windows-uefi }\n"
        "  - &s apply operating system image: { image: \"lab\", index: 1 }\n  - *s\n"
        "text: |\n  one\n  two\nlist: [1, 'b', ~]\n";
    const std::string_view salt = "[]{}:,-?&*!|>'\"%@`#\t\n ";
    Prng prng(77);
    int refused = 0;
    for (int round = 0; round < 5'000; ++round) {
        std::string yaml = sound;
        for (auto edits = prng.below(4) + 1; edits > 0; --edits) {
            const auto at = prng.below(yaml.size());
            switch (prng.below(3)) {
                case 0: yaml[at] = salt[prng.below(salt.size())]; break;
                case 1: yaml.erase(at, prng.below(8)); break;
                default: yaml.insert(at, 1, salt[prng.below(salt.size())]);
            }
        }
        auto tree = parse_yaml(yaml, "");
        if (tree.ok()) continue;
        ++refused;
        EXPECT_EQ(tree.error().code(), Errc::invalid_argument) << tree.error().message() << "\n"
                                                               << yaml;
    }
    EXPECT_GT(refused, 500);
    EXPECT_LT(refused, 5'000);
}

}  // namespace
}  // namespace muster::text
