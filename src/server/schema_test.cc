// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/schema.h"

#include <gtest/gtest.h>

#include "text/json.h"
#include "text/yaml.h"

namespace muster::server {
namespace {

Value yaml(std::string_view text) {
    auto value = text::parse_yaml(text, "test");
    EXPECT_TRUE(value.ok()) << value.error().message();
    return value.ok() ? *value : Value();
}

// "POINTER DETAIL" of every fault, one line each.
std::string faults(std::string_view document, std::string_view schema,
                   const Value& root = Value::map()) {
    std::string text;
    for (const auto& fault : faults_of(*text::parse_json(document), yaml(schema), root)) {
        text += (text.empty() ? "" : "\n") + fault.pointer + " " + fault.detail;
    }
    return text;
}

struct OneFault {
    const char* document;
    const char* schema;
    const char* fault;
};

TEST(Schema, EveryKeywordIsJudgedInWordsThatSayWhatIsAllowed) {
    const OneFault cases[] = {
        {"7", "{type: string}", " body: expected a string, got a whole number"},
        {"\"7\"", "{type: integer}", " body: expected a whole number, got a string"},
        {"1.5", "{type: integer}", " body: expected a whole number, got a number"},
        {"\"true\"", "{type: boolean}", " body: expected true or false, got a string"},
        {"{}", "{type: array}", " body: expected a list, got a map"},
        {"[]", "{type: object}", " body: expected a map, got a list"},
        {"[]", "{type: [string, 'null']}", " body: expected a string or null, got a list"},
        {"null", "{type: string}", " body: expected a string, got nothing"},
        {"\"c\"", "{type: string, enum: [a, b]}", " body: 'c' is not one of a, b"},
        {"false", "{type: boolean, enum: [true]}", " body: false is not one of true"},
        {"0", "{type: integer, minimum: 1, maximum: 9}", " body: 0 is not allowed: 1 to 9"},
        {"10", "{type: integer, minimum: 1, maximum: 9}", " body: 10 is not allowed: 1 to 9"},
        {"0", "{type: integer, minimum: 1}", " body: 0 is not allowed: at least 1"},
        {"10", "{type: integer, maximum: 9}", " body: 10 is not allowed: at most 9"},
        {"\"\"", "{type: string, minLength: 1}", " body: may not be empty"},
        {"\"a\"", "{type: string, minLength: 2}", " body: is too short"},
        {"\"abc\"", "{type: string, maxLength: 2}", " body: is too long: 3 characters, at most 2"},
        {"[]", "{type: array, minItems: 1}", " body: needs at least 1 items"},
        {"[1, 2]", "{type: array, maxItems: 1}", " body: has 2 items, at most 1"},
        {"[1, 2, 1]", "{type: array, uniqueItems: true}", "/2 [2]: 1 is there twice"},
        {"[1, \"x\"]", "{type: array, items: {type: integer}}",
         "/1 [1]: expected a whole number, got a string"},
        {"{\"a\": 1}", "{type: object, properties: {b: {type: integer}, c: {}}}",
         "/a a: no such field (known: b, c)"},
        {"{}", "{type: object, required: [a], properties: {a: {}}}", "/a a: missing"},
        {"{\"a\": 1, \"b\": 2}",
         "{type: object, maxProperties: 1, additionalProperties: {type: integer}}",
         " body: has too many members, at most 1"},
        {"{\"a\": \"x\"}", "{type: object, additionalProperties: {type: integer}}",
         "/a a: expected a whole number, got a string"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(faults(each.document, each.schema), each.fault) << each.schema;
    }
}

TEST(Schema, WhatFitsHasNoFaults) {
    EXPECT_EQ(faults("\"äöü\"", "{type: string, maxLength: 3}"), "");
    EXPECT_EQ(faults("null", "{type: [string, 'null'], maxLength: 3, enum: [x]}"), "");
    EXPECT_EQ(faults("1", "{type: number, minimum: 1, maximum: 1}"), "");
    EXPECT_EQ(faults("[1, 2]", "{type: array, uniqueItems: true, minItems: 2, maxItems: 2}"), "");
    EXPECT_EQ(faults("{\"a\": {\"b\": []}}", "{type: object, additionalProperties: true}"), "");
    EXPECT_EQ(faults("{\"x\": 5}", "{}"), "/x x: no such field (none is known here)");
}

TEST(Schema, AFaultSaysWhereItIsAsAPathAndAsAPointer) {
    const char* schema = R"({type: object, properties: {"a/b~c": {type: array, items:
        {type: object, properties: {ttl: {type: integer, maximum: 255}}}}}})";
    EXPECT_EQ(faults(R"({"a/b~c": [{}, {"ttl": 256}]})", schema),
              "/a~1b~0c/1/ttl a/b~c[1].ttl: 256 is not allowed: at most 255");
}

TEST(Schema, AllFaultsAreFoundAtOnce) {
    EXPECT_EQ(faults(R"({"a": "x", "z": 1})",
                     "{type: object, required: [b], properties: {a: {type: integer}, b: {}}}"),
              "/a a: expected a whole number, got a string\n"
              "/z z: no such field (known: a, b)\n"
              "/b b: missing");
}

TEST(Schema, AReferenceIsFollowedThroughOthersAndKeepsItsOwnDefault) {
    const Value root =
        yaml("{s: {A: {$ref: '#/s/B'}, B: {type: integer, default: 5, minimum: 3}}}");
    EXPECT_EQ(faults("2", "{$ref: '#/s/A'}", root), " body: 2 is not allowed: at least 3");
    EXPECT_EQ(*default_of(yaml("{$ref: '#/s/A'}"), root)->as_int(), 5);
    const Value beside = yaml("{$ref: '#/s/A', default: 7}");
    EXPECT_EQ(*default_of(beside, root)->as_int(), 7);
    EXPECT_EQ(default_of(yaml("{type: string}"), root), nullptr);
}

TEST(Schema, DefaultsComeForWhatIsNotThereAlsoInside) {
    const Value schema = yaml(
        "{type: object, properties: {a: {default: 1}, b: {type: object, properties:"
        " {c: {default: [x]}, d: {}}}, e: {}}}");
    const Value root = Value::map();
    const auto complete = [&](std::string_view json) {
        return text::to_json(with_defaults(*text::parse_json(json), schema, root));
    };
    EXPECT_EQ(complete("{}"), R"({"a":1})");
    EXPECT_EQ(complete(R"({"b":{"d":2},"a":null})"), R"({"b":{"d":2,"c":["x"]},"a":null})");
}

TEST(Schema, AParameterIsReadAsTheTypeItsSchemaSays) {
    const Value root = Value::map();
    const auto typed = [&](const char* text, const char* schema) {
        return text::to_json(typed_parameter(text, yaml(schema), root));
    };
    EXPECT_EQ(typed("5", "{type: integer}"), "5");
    EXPECT_EQ(typed("-5", "{type: integer}"), "-5");
    for (const char* wrong : {"", "5x", "+5", " 5", "1e3", "99999999999999999999"}) {
        EXPECT_EQ(typed(wrong, "{type: integer}"), '"' + std::string(wrong) + '"');
    }
    EXPECT_EQ(typed("true", "{type: boolean}"), "true");
    EXPECT_EQ(typed("yes", "{type: boolean}"), "\"yes\"");
    EXPECT_EQ(typed("5", "{type: string}"), "\"5\"");
}

}  // namespace
}  // namespace muster::server
