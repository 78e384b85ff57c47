// SPDX-License-Identifier: GPL-3.0-or-later
//
// The check of what somebody wrote down as a computer's hardware.
#include <algorithm>
#include <iterator>
#include <span>

#include "agent/hardware.h"

namespace muster::agent {

namespace {

enum class Form { text, number, flag, flag_or_null, texts, nics, disks };

struct Field {
    std::string_view name;
    Form form;
    bool of_firmware = false;
};

constexpr Field kFields[] = {
    {"smbios_uuid", Form::text, true},
    {"serial", Form::text, true},
    {"manufacturer", Form::text, true},
    {"model", Form::text, true},
    {"board", Form::text, true},
    {"bios_version", Form::text, true},
    {"firmware", Form::text, true},
    {"secure_boot", Form::flag_or_null, true},
    {"tpm_version", Form::text, true},
    {"architecture", Form::text},
    {"processors", Form::number},
    {"processor", Form::text},
    {"memory_bytes", Form::number},
    {"macs", Form::texts},
    {"nics", Form::nics},
    {"disks", Form::disks},
    {"hardware_ids", Form::texts},
};

constexpr Field kNicFields[] = {
    {"name", Form::text},        {"mac", Form::text},          {"driver", Form::text},
    {"hardware_id", Form::text}, {"speed_mbps", Form::number}, {"wireless", Form::flag},
};

constexpr Field kDiskFields[] = {
    {"path", Form::text},           {"bytes", Form::number}, {"model", Form::text},
    {"serial", Form::text},         {"bus", Form::text},     {"rotational", Form::flag},
    {"sector_bytes", Form::number},
};

Status check_map(const Value& map, std::span<const Field> fields);

Status check_list(const Value& map, const Field& field) {
    const Value& value = *map.find(field.name);
    const std::string name(field.name);
    if (value.as_list() == nullptr) {
        return value.error(name + ": expected a list, got " + std::string(value.type_name()));
    }
    for (const auto& item : *value.as_list()) {
        Status checked;
        if (field.form == Form::nics) {
            checked = check_map(item, kNicFields);
        } else if (field.form == Form::disks) {
            checked = check_map(item, kDiskFields);
        } else if (item.as_string() == nullptr) {
            checked = item.error("expected a string, got " + std::string(item.type_name()));
        }
        TRY(std::move(checked).context(name));
    }
    return {};
}

Status check_field(const Value& map, const Field& field) {
    switch (field.form) {
        case Form::text: TRY(map.string_at(field.name)); return {};
        case Form::number: TRY(map.int_at(field.name)); return {};
        case Form::flag_or_null:
            if (map.find(field.name)->is_null()) return {};
            TRY(map.bool_at(field.name));
            return {};
        case Form::flag: TRY(map.bool_at(field.name)); return {};
        case Form::texts:
        case Form::nics:
        case Form::disks: break;
    }
    return check_list(map, field);
}

const Field* find_field(std::span<const Field> fields, std::string_view name) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

Status check_map(const Value& map, std::span<const Field> fields) {
    if (map.as_map() == nullptr) {
        return map.error("expected a map, got " + std::string(map.type_name()));
    }
    for (const auto& member : *map.as_map()) {
        const Field* field = find_field(fields, member.key);
        if (field == nullptr) {
            std::string names;
            for (const auto& each : fields) {
                names += (names.empty() ? "" : ", ") + std::string(each.name);
            }
            return map.error(member.key + ": unknown field (known here: " + names + ")");
        }
        TRY(check_field(map, *field));
    }
    return {};
}

}  // namespace

Result<Value> with_stated_hardware(const Value& read, const Value& stated) {
    TRY(check_map(stated, kFields));
    Value hardware = Value::map();
    for (const auto& field : kFields) {
        const Value* value = stated.find(field.name);
        if (value == nullptr && !field.of_firmware) value = read.find(field.name);
        if (value != nullptr) hardware.set(field.name, *value);
    }
    return hardware;
}

}  // namespace muster::agent
