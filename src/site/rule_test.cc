// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/rule.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;

Attributes optiplex() {
    Attributes pc;
    pc.set("Name", std::string("PC-04"));
    pc.set("Model", std::string("OptiPlex 7090"));
    pc.set("MemoryBytes", 8 * kGigabyte);
    pc.set("Processors", std::int64_t{8});
    pc.set("SecureBoot", true);
    pc.set("TPMVersion", std::string("2.0"));
    pc.set("MACAddress", std::vector<std::string>{"00:e0:4c:00:00:01", "02:00:00:00:00:02"});
    pc.set("Variable.Seat", std::string("12"));
    pc.set("Variable.Teacher", std::string("TRUE"));
    pc.set("SerialNumber", std::string());
    return pc;
}

bool matches(std::string_view text) {
    auto rule = parse_rule(text);
    EXPECT_TRUE(rule.ok()) << text << ": " << (rule ? "" : rule.error().message());
    return rule && rule->matches(optiplex());
}

std::string refusal(std::string_view text) {
    auto rule = parse_rule(text);
    EXPECT_FALSE(rule.ok()) << text;
    return rule ? "" : rule.error().message();
}

std::string canonical(std::string_view text) {
    auto rule = parse_rule(text);
    EXPECT_TRUE(rule.ok()) << text << ": " << (rule ? "" : rule.error().message());
    return rule ? to_string(*rule) : "";
}

TEST(RuleTest, TextIsComparedIgnoringCase) {
    EXPECT_TRUE(matches("model = \"optiplex 7090\""));
    EXPECT_FALSE(matches("Model <> 'OPTIPLEX 7090'"));
    EXPECT_TRUE(matches("Name < 'pc-05' AND Name >= 'pc-04'"));
    EXPECT_FALSE(matches("Name < 'PC-04'"));
    EXPECT_TRUE(matches("TPMVersion >= '1.2'"));
    EXPECT_TRUE(matches("Name in ('PC-01', 'pc-04')"));
    EXPECT_FALSE(matches("Name in ('PC-01')"));
}

TEST(RuleTest, WildcardsStandForAnyCharactersAndForOne) {
    for (auto rule : {"Model like 'opti*'", "Model like '*70?0'", "Model like '*'",
                      "Model like 'OptiPlex 7090'", "Model like '*i*7*'", "Model like 'O**0'"}) {
        EXPECT_TRUE(matches(rule)) << rule;
    }
    for (auto rule : {"Model like 'opti'", "Model like '*709'", "Model like ''", "Model like '?'",
                      "Model like '*7?9'"}) {
        EXPECT_FALSE(matches(rule)) << rule;
    }
    Attributes pc;
    pc.set("Model", std::string("Büro"));
    EXPECT_TRUE(parse_rule("Model like 'B?ro'")->matches(pc)) << "one character, not one byte";
    EXPECT_FALSE(parse_rule("Model like 'B??ro'")->matches(pc));
}

TEST(RuleTest, SizesAreBinaryWhateverTheUnitIsCalled) {
    EXPECT_TRUE(matches("Memory = 8 GB and MemoryBytes = 8GiB and Memory = 8192 mb"));
    EXPECT_TRUE(matches("Memory = 8589934592"));
    EXPECT_TRUE(matches("Memory > 7.5 GB and Memory < 0.5TB"));
    EXPECT_FALSE(matches("Memory > 8 GB"));
    EXPECT_TRUE(matches("Processors in (4, 8)"));
}

TEST(RuleTest, AListHoldsWhenOneElementDoes) {
    EXPECT_TRUE(matches("MACAddress = '00-E0-4C-00-00-01'")) << "brought into the stored form";
    EXPECT_TRUE(matches("MAC like '00:e0:4c:*'"));
    EXPECT_TRUE(matches("MAC != '00:e0:4c:00:00:01'")) << "the other one differs";
    EXPECT_FALSE(matches("not MAC = '00:e0:4c:00:00:01'"));
    EXPECT_FALSE(matches("MAC in ('02:00:00:00:00:07', '02:00:00:00:00:08')"));
}

TEST(RuleTest, WhatADeviceDoesNotHaveMakesAComparisonFalseAndNotOfItTrue) {
    for (auto comparison : {"Firmware = 'UEFI'", "Firmware != 'UEFI'", "Disk > 1 GB",
                            "Disk <= 1 GB", "NIC like '*'", "Unknown = true", "Unknown = false",
                            "Variable.No = 'x'", "SerialNumber != 'x'", "Serial is set"}) {
        EXPECT_FALSE(matches(comparison)) << comparison;
        EXPECT_TRUE(matches("not " + std::string(comparison))) << comparison;
    }
    EXPECT_TRUE(matches("Firmware is not set and TPMVersion IS SET"));
    EXPECT_FALSE(matches("Firmware is set or TPM is not set"));
}

TEST(RuleTest, AndBindsMoreThanOrAndNotMoreThanBoth) {
    EXPECT_TRUE(matches("Name = 'PC-04' or Name = 'x' and Name = 'y'"));
    EXPECT_FALSE(matches("(Name = 'PC-04' or Name = 'x') and Name = 'y'"));
    EXPECT_FALSE(matches("not Name = 'PC-04' and Name = 'PC-04'"));
    EXPECT_TRUE(matches("not (Name = 'PC-04' and Name = 'x')"));
    EXPECT_TRUE(matches("not not Name='PC-04'"));
}

TEST(RuleTest, AVariableIsReadAsWhatItIsComparedWith) {
    EXPECT_TRUE(matches("Variable.Seat >= 10 and variable.seat < 100"));
    EXPECT_FALSE(matches("Variable.Seat >= '2'")) << "as text '12' is before '2'";
    EXPECT_TRUE(matches("Variable.Teacher = true"));
    EXPECT_FALSE(matches("Variable.Teacher = 1 or Variable.Teacher = false"));
    EXPECT_TRUE(matches("Variable.Seat in ('a', 12)"));
}

TEST(RuleTest, AValueOfAnotherTypeThanTheTableSaysHoldsForNothing) {
    Attributes odd;
    odd.set("Processors", std::string("eight"));
    EXPECT_FALSE(parse_rule("Processors = 8 or Processors != 8")->matches(odd));
    EXPECT_TRUE(parse_rule("Processors is set")->matches(odd));
}

TEST(RuleTest, AnErrorNamesTheColumnAndWhatWasExpected) {
    EXPECT_EQ(refusal(""),
              "column 1: expected the name of an attribute, 'not' or '(', found the end");
    EXPECT_EQ(refusal("Name = 'Büro' and"),
              "column 18: expected the name of an attribute, 'not' or '(', found the end");
    EXPECT_EQ(refusal("Model = OptiPlex"),
              "column 9: expected text in quotes to compare Model with, found 'OptiPlex'");
    EXPECT_EQ(refusal("Memory >= 'much'"),
              "column 11: expected a size like 8 GB to compare MemoryBytes with, found 'much'");
    EXPECT_EQ(refusal("Model > 7090"),
              "column 9: expected text in quotes to compare Model with, found '7090'");
    EXPECT_EQ(refusal("Processors >= 2 GB"),
              "column 15: Processors is no size: write the value without a unit");
    EXPECT_EQ(refusal("SecureBoot < true"),
              "column 12: expected = or !=, SecureBoot is true or false, found '<'");
    EXPECT_EQ(refusal("Memory like '8*'"),
              "column 8: expected =, !=, <, <=, > or >=, MemoryBytes is a number, found 'like'");
    EXPECT_EQ(refusal("(Name = 'a'"), "column 12: expected 'and', 'or' or ')', found the end");
    EXPECT_EQ(refusal("Name = 'a')"),
              "column 11: expected 'and', 'or' or the end of the rule, found ')'");
    EXPECT_EQ(refusal("Name = 'a"), "column 8: text without its closing '");
    EXPECT_EQ(refusal("Name not like 'a'"),
              "column 6: 'not' stands before the attribute: not Name like ..., not Name in (...)");
    EXPECT_EQ(refusal("MAC = '00:e0'"),
              "column 7: MAC address '00:e0': expected six bytes like 02:00:00:00:00:01");
    for (auto text : {"Name",
                      "Name is",
                      "Name is not",
                      "Name in 'a'",
                      "Name in ()",
                      "Name in ('a'",
                      "Processors = 1.5",
                      "Memory = 1. GB",
                      "Memory = 8 Gx = 1",
                      "Memory = 8Gx",
                      "Memory = 9999999 TB",
                      "Memory = 9999999999999999999",
                      "Name = 'a\nb'",
                      "Name = '\xff'",
                      "Variable. = 'x'",
                      "Variable.x < true",
                      "Variable.x like 1",
                      "Unknown",
                      "Name = 'a' Name = 'b'",
                      "Processors = -1",
                      "=",
                      "Name == 'a'"}) {
        EXPECT_TRUE(refusal(text).starts_with("column ")) << text;
    }
}

TEST(RuleTest, AnUnknownAttributeIsAnsweredWithTheNearestOne) {
    EXPECT_EQ(refusal("Name = 'a' or Modell = 'x'"),
              "column 15: unknown attribute 'Modell', did you mean Model?");
    EXPECT_EQ(refusal("memroy > 1 GB"),
              "column 1: unknown attribute 'memroy', did you mean Memory?");
    const auto message = refusal("Colour = 'red'");
    EXPECT_TRUE(message.starts_with("column 1: unknown attribute 'Colour', known are Name, "));
    EXPECT_NE(message.find("Variable.NAME"), std::string::npos);
}

TEST(RuleTest, TheTableOfAttributesIsTheCallers) {
    const AttributeSpec table[] = {{"Colour", "", AttributeType::text, ""}};
    EXPECT_TRUE(parse_rule("colour = 'red'", table).ok());
    EXPECT_EQ(parse_rule("Model = 'x'", table).error().message(),
              "column 1: unknown attribute 'Model', known are Colour");
}

TEST(RuleTest, LengthAndDepthAreBounded) {
    const std::string core = "Name = 'a'";
    EXPECT_TRUE(parse_rule(std::string(64, '(') + core + std::string(64, ')')).ok());
    EXPECT_EQ(refusal(std::string(65, '(') + core + std::string(65, ')')),
              "column 66: more than 64 parentheses and 'not' within each other");
    std::string nots;
    for (int i = 0; i < 65; ++i) nots += "not ";
    EXPECT_FALSE(parse_rule(nots + core).ok());
    EXPECT_TRUE(parse_rule(nots.substr(4) + core).ok());
    EXPECT_TRUE(parse_rule(core + std::string(4000 - core.size(), ' ')).ok());
    EXPECT_EQ(refusal(core + std::string(4001 - core.size(), ' ')),
              "the rule has 4001 characters, at most 4000 are allowed");
    EXPECT_FALSE(parse_rule(std::string(20'000, '(')).ok());
    std::string grows = "Disk=1";
    while (grows.size() + 10 < kMaxRuleCharacters) grows += " or Disk=1";
    EXPECT_TRUE(refusal(grows).starts_with("the rule written out has ")) << "must parse again";
}

TEST(RuleTest, ARuleHasOneWrittenForm) {
    EXPECT_EQ(canonical(" model<>\"x\" AND(memory>=8192MB) "),
              "Model != 'x' and MemoryBytes >= 8 GB");
    EXPECT_EQ(canonical("Name='a' or (Name='b' and (not (Name='c' or Name='d')))"),
              "Name = 'a' or Name = 'b' and not (Name = 'c' or Name = 'd')");
    EXPECT_EQ(canonical("(Name='a' or Name='b') and Name in('c',\"d\")"),
              "(Name = 'a' or Name = 'b') and Name in ('c', 'd')");
    EXPECT_EQ(canonical("Name = 'O''Neil' or Name = \"a'b\"\"c\""),
              "Name = \"O'Neil\" or Name = 'a''b\"c'");
    EXPECT_EQ(canonical("variable.Seat is  NOT set or VARIABLE.seat = 1"),
              "Variable.Seat is not set or Variable.Seat = 1");
    EXPECT_EQ(canonical("Processors = 1024 or Memory = 1025"),
              "Processors = 1024 or MemoryBytes = 1025");
    EXPECT_EQ(canonical("mac = '00E04C000001'"), "MACAddress = '00:e0:4c:00:00:01'");
}

TEST(RuleTest, AnExplanationNamesTheComparisonsThatDecided) {
    const auto explain = [](std::string_view text) {
        return parse_rule(text)->explain(optiplex());
    };
    EXPECT_EQ(explain("Model like 'OptiPlex*'"),
              "Model like 'OptiPlex*' is true: it is 'OptiPlex 7090'");
    EXPECT_EQ(explain("Model = 'OptiPlex*'"),
              "Model = 'OptiPlex*' is false: it is 'OptiPlex 7090'; wildcards need like");
    EXPECT_EQ(explain("Model like 'Opti*' and Memory >= 16 GB"),
              "the rule is false: MemoryBytes >= 16 GB is false (it is 8 GB)");
    EXPECT_EQ(explain("Model like 'Opti*' and not Firmware = 'BIOS'"),
              "the rule is true: Model like 'Opti*' is true (it is 'OptiPlex 7090'), "
              "Firmware = 'BIOS' is false (this device has none)");
    EXPECT_EQ(explain("Name = 'x' or MAC like '02:*'"),
              "the rule is true: MACAddress like '02:*' is true "
              "(they are '00:e0:4c:00:00:01', '02:00:00:00:00:02')");
    std::string many = "Name = 'x'";
    for (int i = 0; i < 9; ++i) many += " or Name = 'x'";
    EXPECT_TRUE(explain(many).ends_with(" and 4 more")) << explain(many);
}

TEST(AttributesTest, WhatIsEmptyIsNotThere) {
    Attributes pc = attributes_of({DeviceId(4), "PC-04", {}, "", "", {}});
    EXPECT_NE(pc.find("NAME"), nullptr);
    EXPECT_EQ(pc.find("MACAddress"), nullptr);
    EXPECT_EQ(pc.find("SerialNumber"), nullptr);
    pc.set("name", std::string("PC-05"));
    EXPECT_EQ(*pc.find("Name"), AttributeValue("PC-05"));
    pc.set("Name", std::string());
    EXPECT_EQ(pc.find("Name"), nullptr);
    pc.set("NIC", std::vector<std::string>{"", "I219"});
    EXPECT_EQ(*pc.find("nic"), AttributeValue(std::vector<std::string>{"I219"}));
}

TEST(AttributesTest, MemoryThatFirmwareCutIsShownInBothForms) {
    EXPECT_EQ(describe(std::int64_t{8'476'717'056}, AttributeType::bytes), "8476717056, 7.8 GB");
    EXPECT_EQ(describe(8 * kGigabyte, AttributeType::bytes), "8 GB");
    EXPECT_EQ(describe(std::int64_t{1024}, AttributeType::number), "1024");
}

}  // namespace
}  // namespace muster::site
