// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api_description.h"

#include <gtest/gtest.h>

#include <set>

#include "server/schema.h"

namespace muster::server {
namespace {

// Nothing when a part of it is not there, where resolved() would end the program.
const Value* target(std::string_view reference, const Value& root) {
    if (!reference.starts_with("#/")) return nullptr;
    const Value* node = &root;
    for (auto rest = reference.substr(2); node != nullptr && !rest.empty();) {
        const auto end = rest.find('/');
        node = node->find(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return node;
}

template <typename Visit>
void each_map(const Value& node, const Visit& visit) {
    if (const auto* list = node.as_list()) {
        for (const auto& item : *list) each_map(item, visit);
    }
    if (node.as_map() == nullptr) return;
    visit(node);
    for (const auto& member : *node.as_map()) each_map(member.value, visit);
}

std::set<std::string> names_in(const std::string& pattern) {
    std::set<std::string> names;
    for (auto at = pattern.find('{'); at != std::string::npos; at = pattern.find('{', at + 1)) {
        names.insert(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    }
    return names;
}

TEST(ApiDescription, EveryReferenceIsOfSomethingThatIsThere) {
    const ApiDescription description;
    int count = 0;
    each_map(description.root(), [&](const Value& node) {
        const Value* reference = node.find("$ref");
        if (reference == nullptr || reference->as_string() == nullptr) return;
        ++count;
        EXPECT_NE(target(*reference->as_string(), description.root()), nullptr)
            << *reference->as_string();
    });
    EXPECT_GT(count, 100);
}

TEST(ApiDescription, EveryOperationHasANameOfItsOwn) {
    const ApiDescription description;
    std::set<std::string> ids;
    for (const auto& operation : description.operations()) {
        EXPECT_TRUE(ids.insert(operation.id).second) << operation.id;
    }
    EXPECT_GT(ids.size(), 60U);
}

TEST(ApiDescription, PathsAndTheirParametersNameTheSame) {
    const ApiDescription description;
    for (const auto& operation : description.operations()) {
        std::set<std::string> described;
        for (const Value* parameter : operation.parameters) {
            const std::string& where = *parameter->find("in")->as_string();
            EXPECT_TRUE(where == "path" || where == "query") << operation.id;
            EXPECT_NE(parameter->find("schema"), nullptr) << operation.id;
            if (where == "path") described.insert(*parameter->find("name")->as_string());
        }
        EXPECT_EQ(described, names_in(operation.pattern)) << operation.id;
    }
}

TEST(ApiDescription, EveryDefaultFitsItsOwnSchema) {
    const ApiDescription description;
    const Value& root = description.root();
    each_map(root, [&](const Value& node) {
        const Value* fallback = node.find("default");
        const Value* type = node.find("type");
        const bool is_schema =
            node.find("$ref") != nullptr || (type != nullptr && type->as_map() == nullptr);
        if (fallback == nullptr || !is_schema) return;
        for (const auto& fault : faults_of(*fallback, node, root)) ADD_FAILURE() << fault.detail;
    });
}

TEST(ApiDescription, OnlyGetsDoNotWrite) {
    const ApiDescription description;
    for (const auto& operation : description.operations()) {
        EXPECT_EQ(operation.writes, operation.method != "GET") << operation.id;
        EXPECT_TRUE(operation.method != "GET" || operation.body == nullptr) << operation.id;
    }
}

TEST(ApiDescription, WhatMakesTokensIsNotWrittenDown) {
    const ApiDescription description;
    std::set<std::string> secret;
    for (const auto& operation : description.operations()) {
        if (operation.secret) secret.insert(operation.id);
    }
    EXPECT_EQ(secret, (std::set<std::string>{"addToken", "enrolDevice"}));
}

}  // namespace
}  // namespace muster::server
