// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/fields.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "server/schema.h"
#include "text/json.h"

namespace muster::cli {

namespace {

using server::ApiDescription;
using server::resolved;

const Value& schema_of(const ApiDescription& description, std::string_view operation) {
    for (const auto& each : description.operations()) {
        if (each.id == operation) {
            CHECK(each.body != nullptr);
            return resolved(*each.body, description.root());
        }
    }
    CHECK(false);
    return description.root();
}

bool allows(const Value& schema, std::string_view type) {
    const Value* types = schema.find("type");
    if (types == nullptr) return false;
    if (const auto* one = types->as_string()) return *one == type;
    const auto& list = *types->as_list();
    return std::any_of(list.begin(), list.end(),
                       [&](const Value& each) { return *each.as_string() == type; });
}

Result<Value> scalar(const Value& schema, const std::string& key, const std::string& text) {
    if (allows(schema, "null") && text == "null") return Value();
    if (allows(schema, "boolean")) {
        if (text == "true" || text == "yes" || text == "on") return Value(true);
        if (text == "false" || text == "no" || text == "off") return Value(false);
        return Error(Errc::invalid_argument, key + ": '" + text + "' is neither true nor false");
    }
    if (allows(schema, "integer")) {
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem == std::errc() && end == text.data() + text.size()) return Value(number);
        return Error(Errc::invalid_argument, key + ": '" + text + "' is no whole number");
    }
    return Value(text);
}

class Reader {
public:
    explicit Reader(const ApiDescription& description) : root_(description.root()) {}

    Status take(const Value& raw_schema, Value& target, std::string_view path,
                const std::string& whole, const std::string& text) {
        const Value& schema = resolved(raw_schema, root_);
        const auto dot = path.find('.');
        const std::string key(path.substr(0, dot));
        const Value* properties = schema.find("properties");
        const Value* member = properties == nullptr ? nullptr : properties->find(key);
        if (member == nullptr) {
            std::string known;
            for (const auto& each : *properties->as_map()) {
                known += (known.empty() ? "" : ", ") + each.key;
            }
            return Error(Errc::invalid_argument, whole + ": no such field (known: " + known + ")");
        }
        const Value& inner = resolved(*member, root_);
        if (dot != std::string_view::npos) {
            if (!allows(inner, "object")) {
                return Error(Errc::invalid_argument, whole + ": " + key + " has no parts");
            }
            Value sub = target.find(key) == nullptr ? Value::map() : *target.find(key);
            TRY(take(inner, sub, path.substr(dot + 1), whole, text));
            target.set(key, std::move(sub));
            return {};
        }
        return set(inner, target, key, text);
    }

private:
    Status set(const Value& schema, Value& target, const std::string& key,
               const std::string& text) {
        if (const Value* parts = schema.find("properties")) {
            std::string known;
            for (const auto& each : *parts->as_map()) {
                known += (known.empty() ? "" : ", ") + key + "." + each.key;
            }
            return Error(Errc::invalid_argument, key + ": write its parts: " + known);
        }
        if (!allows(schema, "array")) {
            target.set(key, TRY(scalar(schema, key, text)));
            return {};
        }
        Value list = target.find(key) == nullptr ? Value::list() : *target.find(key);
        if (!text.empty()) {
            list.push(TRY(scalar(resolved(*schema.find("items"), root_), key, text)));
        }
        target.set(key, std::move(list));
        return {};
    }

    const Value& root_;
};

Result<Value> read(const ApiDescription& description, const Value& schema,
                   const std::vector<std::string>& fields) {
    Value body = Value::map();
    Reader reader(description);
    for (const auto& field : fields) {
        const auto equals = field.find('=');
        if (equals == std::string::npos) {
            return Error(Errc::invalid_argument, "'" + field + "': write FIELD=VALUE");
        }
        const std::string key = field.substr(0, equals);
        TRY(reader.take(schema, body, key, key, field.substr(equals + 1)));
    }
    return body;
}

}  // namespace

Result<Value> fields_body(const ApiDescription& description, std::string_view operation,
                          const std::vector<std::string>& fields) {
    return read(description, schema_of(description, operation), fields);
}

Result<Value> fields_of(const ApiDescription& description, std::string_view schema,
                        const std::vector<std::string>& fields) {
    return read(description, *description.root().find("components")->find("schemas")->find(schema),
                fields);
}

std::string known_fields(const ApiDescription& description, std::string_view operation) {
    std::string known;
    for (const auto& each : *schema_of(description, operation).find("properties")->as_map()) {
        known += (known.empty() ? "" : ", ") + each.key;
    }
    return known;
}

}  // namespace muster::cli
