// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/api_description.h"

#include "base/check.h"
#include "server/schema.h"
#include "text/yaml.h"

namespace muster::server {

namespace {

const Value* json_schema(const Value& operation) {
    const Value* body = operation.find("requestBody");
    const Value* content = body == nullptr ? nullptr : body->find("content");
    const Value* json = content == nullptr ? nullptr : content->find("application/json");
    return json == nullptr ? nullptr : json->find("schema");
}

bool is_set(const Value& operation, std::string_view key) {
    const Value* flag = operation.find(key);
    return flag != nullptr && flag->as_bool() != nullptr && *flag->as_bool();
}

Operation read_operation(const std::string& pattern, const std::string& method, const Value& path,
                         const Value& described, const Value& root) {
    Operation operation;
    operation.id = *described.find("operationId")->as_string();
    for (char c : method) operation.method += static_cast<char>(c - 'a' + 'A');
    operation.pattern = pattern;
    operation.writes = method != "get" && !is_set(described, "x-read-only");
    operation.secret = is_set(described, "x-secret");
    operation.body = json_schema(described);
    for (const Value* owner : {&path, &described}) {
        const Value* parameters = owner->find("parameters");
        if (parameters == nullptr) continue;
        for (const auto& each : *parameters->as_list()) {
            operation.parameters.push_back(&resolved(each, root));
        }
    }
    return operation;
}

}  // namespace

ApiDescription::ApiDescription() {
    auto parsed = text::parse_yaml(text(), "api.yaml");
    CHECK(parsed.ok());
    root_ = std::move(*parsed);
    for (const auto& [pattern, path, location] : *root_.find("paths")->as_map()) {
        for (const auto& [method, described, place] : *path.as_map()) {
            if (method == "parameters") continue;
            operations_.push_back(read_operation(pattern, method, path, described, root_));
        }
    }
}

}  // namespace muster::server
