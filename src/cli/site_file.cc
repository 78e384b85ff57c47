// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/site_file.h"

#include <algorithm>

#include "cli/site_command.h"
#include "text/json.h"
#include "text/yaml.h"

namespace muster::cli {

namespace {

bool is_same(const Value& a, const Value& b) { return text::to_json(a) == text::to_json(b); }

std::string shown(const Value& value) {
    const auto* text = value.as_string();
    return text == nullptr ? text::to_json(value) : "'" + *text + "'";
}

class Comparison {
public:
    explicit Comparison(SiteClient& site) : site_(site) {}

    Status settings(const Value& wanted) {
        return compare("settings", TRY(site_.get("/api/v1/settings")), wanted, "/api/v1/settings");
    }

    Status points(const Value& wanted) {
        for (const auto& [name, settings, location] : *wanted.as_map()) {
            const std::string target = "/api/v1/points/" + escape(name);
            const auto point = TRY(site_.get(target));
            const std::size_t before = changes.size();
            TRY(compare("point " + name, *point.find("settings"), settings, target));
            for (std::size_t i = before; i < changes.size(); ++i) {
                changes[i].body = Value::map().set("settings", changes[i].body);
            }
        }
        return {};
    }

    Status sequence(const Value& wanted) {
        const std::string text = TRY(wanted.string_at("text"));
        const auto tree = TRY(text::parse_yaml(text, "task sequence"));
        const std::string name = TRY(tree.string_at("name"));
        const auto current = site_.get("/api/v1/sequences/" + escape(name));
        if (!current.ok() && current.error().code() != Errc::not_found) return current.error();
        if (current.ok() && cell(*current, "text") == text) return {};
        changes.push_back(
            {"task sequence " + name + ": " + (current.ok() ? "a new version" : "new"), "POST",
             "/api/v1/sequences", Value::map().set("text", text)});
        return {};
    }

    // Something with a name: added, or brought to what is described.
    Status named(const std::string& kind, const Value& wanted) {
        const std::string name = TRY(wanted.string_at("name"));
        const std::string all = "/api/v1/" + kind + "s";
        const std::string target = all + "/" + escape(name);
        const auto current = site_.get(target);
        if (!current.ok() && current.error().code() != Errc::not_found) return current.error();
        Value fields = Value::map();
        for (const auto& member : *wanted.as_map()) {
            if (member.key != "variables") fields.set(member.key, member.value);
        }
        if (!current.ok()) {
            changes.push_back({kind + " " + name + ": new", "POST", all, fields});
        } else {
            TRY(compare(kind + " " + name, *current, fields, target));
        }
        return variables(kind + " " + name, current.ok() ? &*current : nullptr, wanted, target);
    }

    std::vector<Change> changes;

private:
    // One request for all members that differ; `words` name each.
    Status compare(const std::string& what, const Value& current, const Value& wanted,
                   const std::string& target) {
        if (wanted.as_map() == nullptr) return wanted.error(what + ": expected a map");
        Value body = Value::map();
        std::string words;
        for (const auto& [key, value, location] : *wanted.as_map()) {
            const Value* now = current.find(key);
            if (now != nullptr && is_same(*now, value)) continue;
            body.set(key, value);
            words += (words.empty() ? "" : ", ") + key + ": " +
                     (now == nullptr ? "" : shown(*now) + " becomes ") + shown(value);
        }
        if (!words.empty()) changes.push_back({what + ": " + words, "PATCH", target, body});
        return {};
    }

    Status variables(const std::string& what, const Value* current, const Value& wanted,
                     const std::string& target) {
        const Value* list = wanted.find("variables");
        if (list == nullptr) return {};
        if (list->as_list() == nullptr) return list->error(what + ": variables: expected a list");
        for (const auto& each : *list->as_list()) {
            const std::string name = TRY(each.string_at("name"));
            const Value* value = each.find("value");
            if (value == nullptr || value->is_null()) continue;  // secret, and not in the text
            if (current != nullptr && has(*current, name, *value)) continue;
            Value body = Value::map().set("value", *value);
            body.set("secret", TRY(each.bool_or("secret", false)));
            changes.push_back(
                {what + ": variable " + name, "PUT", target + "/variables/" + escape(name), body});
        }
        return {};
    }

    static bool has(const Value& current, const std::string& name, const Value& value) {
        const Value* list = current.find("variables");
        if (list == nullptr) return false;
        return std::any_of(
            list->as_list()->begin(), list->as_list()->end(), [&](const Value& each) {
                return cell(each, "name") == name && is_same(*each.find("value"), value);
            });
    }

    SiteClient& site_;
};

Result<const Value::List*> list_in(const Value& described, std::string_view key) {
    static const Value::List kNone;
    const Value* list = described.find(key);
    if (list == nullptr) return &kNone;
    if (list->as_list() == nullptr) return list->error(std::string(key) + ": expected a list");
    return list->as_list();
}

// Collections that others refer to come first, so that the names are there.
Result<std::vector<const Value*>> by_reference(const Value::List& collections) {
    std::vector<const Value*> ordered;
    std::vector<const Value*> left;
    for (const auto& each : collections) left.push_back(&each);
    const auto refers = [](const Value& one, const std::string& name) {
        const auto in = [&](std::string_view key) {
            const Value* list = one.find(key);
            return list != nullptr && list->as_list() != nullptr &&
                   std::any_of(list->as_list()->begin(), list->as_list()->end(),
                               [&](const Value& each) { return is_same(each, Value(name)); });
        };
        return in("includes") || in("excludes") || cell(one, "limiting") == name;
    };
    while (!left.empty()) {
        const auto free = std::find_if(left.begin(), left.end(), [&](const Value* one) {
            return std::none_of(left.begin(), left.end(), [&](const Value* other) {
                return other != one && refers(*one, cell(*other, "name"));
            });
        });
        if (free == left.end()) {
            return left.front()->error("collection " + cell(*left.front(), "name") +
                                       ": collections refer to each other in a circle");
        }
        ordered.push_back(*free);
        left.erase(free);
    }
    return ordered;
}

}  // namespace

Result<std::vector<Change>> differences(SiteClient& site, const Value& described) {
    if (described.as_map() == nullptr) return described.error("expected a map");
    TRY(described.only_keys({"settings", "points", "sequences", "devices", "collections"}));
    Comparison comparison(site);
    if (const Value* settings = described.find("settings")) TRY(comparison.settings(*settings));
    if (const Value* points = described.find("points")) {
        if (points->as_map() == nullptr) return points->error("points: expected a map");
        TRY(comparison.points(*points));
    }
    for (const auto& each : *TRY(list_in(described, "sequences"))) TRY(comparison.sequence(each));
    for (const auto& each : *TRY(list_in(described, "devices"))) {
        TRY(comparison.named("device", each));
    }
    for (const Value* each : TRY(by_reference(*TRY(list_in(described, "collections"))))) {
        TRY(comparison.named("collection", *each));
    }
    return std::move(comparison.changes);
}

namespace {

// The members of `document` that a text may set.
Value picked(const Value& document, std::initializer_list<std::string_view> keys) {
    Value value = Value::map();
    for (auto key : keys) {
        const Value* member = document.find(key);
        if (member == nullptr || (key == "limiting" && member->is_null())) continue;
        value.set(key, *member);
    }
    return value;
}

Result<Value> all_of(SiteClient& site, const std::string& target,
                     std::initializer_list<std::string_view> keys) {
    Value list = Value::list();
    const auto items = TRY(all_items(site, target));
    for (const auto& item : *items.as_list()) {
        if (cell(item, "built_in") == "true") continue;
        list.push(picked(TRY(site.get(target + "/" + escape(cell(item, "name")))), keys));
    }
    return list;
}

}  // namespace

Result<Value> exported(SiteClient& site) {
    Value points = Value::map();
    const auto known = TRY(site.get("/api/v1/points"));
    for (const auto& point : *known.find("items")->as_list()) {
        points.set(cell(point, "name"), *point.find("settings"));
    }
    Value value = Value::map();
    value.set("settings", TRY(site.get("/api/v1/settings"))).set("points", std::move(points));
    value.set("sequences", TRY(all_of(site, "/api/v1/sequences", {"text"})));
    value.set("devices",
              TRY(all_of(site, "/api/v1/devices",
                         {"name", "macs", "smbios_uuid", "serial", "comment", "variables"})));
    value.set("collections",
              TRY(all_of(site, "/api/v1/collections",
                         {"name", "comment", "members", "rules", "includes", "excludes", "limiting",
                          "priority", "maintenance_windows", "variables"})));
    return value;
}

}  // namespace muster::cli
