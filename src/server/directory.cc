// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/directory.h"

#include <algorithm>

#include "site/maintenance.h"
#include "text/json.h"

namespace muster::server {

namespace {

using site::AttributeValue;
using site::Collection;
using site::CollectionId;
using site::DeviceId;

void set_text(site::Attributes& attributes, const Value& asset, std::string_view name,
              std::string_view key) {
    const Value* value = asset.find(key);
    if (value != nullptr && value->as_string() != nullptr) {
        attributes.set(name, *value->as_string());
    }
}

void set_number(site::Attributes& attributes, const Value& asset, std::string_view name,
                std::string_view key) {
    const Value* value = asset.find(key);
    if (value != nullptr && value->as_int() != nullptr) attributes.set(name, *value->as_int());
}

std::vector<std::string> texts_of(const Value& list, std::string_view member = {}) {
    std::vector<std::string> texts;
    if (list.as_list() == nullptr) return texts;
    for (const auto& item : *list.as_list()) {
        const Value* text = member.empty() ? &item : item.find(member);
        if (text != nullptr && text->as_string() != nullptr) texts.push_back(*text->as_string());
    }
    return texts;
}

void set_lists(site::Attributes& attributes, const Value& asset) {
    if (const Value* ids = asset.find("hardware_ids")) {
        attributes.set("HardwareId", texts_of(*ids));
    }
    if (const Value* addresses = asset.find("ip_addresses")) {
        attributes.set("IPAddress", texts_of(*addresses));
    }
    if (const Value* nics = asset.find("nics")) attributes.set("NIC", texts_of(*nics, "name"));
    const Value* disks = asset.find("disks");
    if (disks == nullptr || disks->as_list() == nullptr) return;
    std::int64_t largest = 0;
    for (const auto& disk : *disks->as_list()) {
        const auto bytes = disk.int_or("bytes", 0);
        if (bytes.ok()) largest = std::max(largest, *bytes);
    }
    attributes.set("DiskBytes", largest);
    attributes.set("DiskCount", static_cast<std::int64_t>(disks->as_list()->size()));
}

Result<site::CollectionDefinition> definition_of(const Collection& collection) {
    site::CollectionDefinition definition;
    definition.id = collection.id;
    definition.name = collection.name;
    definition.direct = collection.members;
    definition.includes = collection.includes;
    definition.excludes = collection.excludes;
    definition.limiting = collection.limiting;
    for (std::size_t i = 0; i < collection.rules.size(); ++i) {
        definition.rules.push_back(
            TRY(site::parse_rule(collection.rules[i])
                    .context("collection " + collection.name + ": rule " + std::to_string(i + 1))));
    }
    return definition;
}

}  // namespace

site::Attributes attributes_of(const site::Device& device,
                               const std::vector<site::Variable>& variables) {
    site::Attributes attributes = site::attributes_of(device);
    attributes.set("Unknown", device.approval != site::Approval::approved);
    for (const auto& variable : variables) {
        if (!variable.secret) attributes.set("Variable." + variable.name, variable.value);
    }
    const auto asset = text::parse_json(device.asset);
    if (!asset.ok()) return attributes;
    set_text(attributes, *asset, "Manufacturer", "manufacturer");
    set_text(attributes, *asset, "Model", "model");
    set_text(attributes, *asset, "Firmware", "firmware");
    set_text(attributes, *asset, "TPMVersion", "tpm_version");
    set_text(attributes, *asset, "Architecture", "architecture");
    set_number(attributes, *asset, "MemoryBytes", "memory_bytes");
    set_number(attributes, *asset, "Processors", "processors");
    if (const Value* on = asset->find("secure_boot"); on != nullptr && on->as_bool() != nullptr) {
        attributes.set("SecureBoot", *on->as_bool());
    }
    set_lists(attributes, *asset);
    return attributes;
}

Status Directory::evaluate() {
    if (membership_) return {};
    collections_ = TRY(database_.collections().list());
    std::vector<site::CollectionDefinition> definitions;
    for (const auto& each : collections_) definitions.push_back(TRY(definition_of(each)));
    const auto variables = TRY(database_.devices().all_variables());
    std::vector<site::DescribedDevice> devices;
    for (const auto& device : TRY(database_.devices().list())) {
        const auto own = variables.find(device.id);
        devices.push_back(
            {device.id, device.name,
             attributes_of(device,
                           own == variables.end() ? std::vector<site::Variable>() : own->second)});
    }
    membership_ = TRY(site::Membership::evaluate(std::move(definitions), std::move(devices)));
    return {};
}

Result<std::vector<DeviceId>> Directory::members(CollectionId collection) {
    TRY(evaluate());
    return membership_->members(collection);
}

Result<std::vector<CollectionId>> Directory::collections_of(DeviceId device) {
    TRY(evaluate());
    std::vector<CollectionId> ids;
    for (const auto& each : collections_) {
        if (membership_->is_member(device, each.id)) ids.push_back(each.id);
    }
    return ids;
}

Result<std::map<CollectionId, std::string>> Directory::names() {
    TRY(evaluate());
    std::map<CollectionId, std::string> names;
    for (const auto& each : collections_) names[each.id] = each.name;
    return names;
}

Result<std::string> Directory::explain(DeviceId device, CollectionId collection) {
    TRY(evaluate());
    return membership_->explain(device, collection);
}

Result<bool> Directory::is_member(DeviceId device, CollectionId collection) {
    TRY(evaluate());
    return membership_->is_member(device, collection);
}

Status Directory::check(const Collection& changed) {
    std::vector<site::CollectionDefinition> definitions;
    for (const auto& each : TRY(database_.collections().list())) {
        if (each.id == changed.id) continue;
        definitions.push_back(TRY(definition_of(each)));
    }
    definitions.push_back(TRY(definition_of(changed)));
    return site::check_no_cycle(definitions);
}

std::optional<site::WallTime> Directory::opens(CollectionId collection, const site::TimeZone& zone,
                                               site::WallTime now) {
    std::vector<site::MaintenanceWindow> windows;
    const auto known = evaluate();
    if (!known.ok()) return std::nullopt;
    for (const auto& each : collections_) {
        if (each.id != collection) continue;
        for (const auto& text : each.windows) {
            auto window = site::parse_maintenance_window(text);
            if (window.ok()) windows.push_back(*window);
        }
    }
    const auto local = site::to_local(now, zone);
    if (site::is_open(windows, local)) return now;
    const auto next = site::next_opening(windows, local);
    if (!next) return std::nullopt;
    return site::to_wall(*next, zone);
}

}  // namespace muster::server
