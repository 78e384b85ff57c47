// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/attributes.h"

#include <algorithm>
#include <array>

#include "site/ascii.h"
#include "site/names.h"

namespace muster::site {

namespace {

using enum AttributeType;

constexpr std::array kKnown = {
    AttributeSpec{"Name", "", text, "name of the device"},
    AttributeSpec{"Manufacturer", "", text, "who made the computer, as SMBIOS says it"},
    AttributeSpec{"Model", "", text, "product name of SMBIOS, 'OptiPlex 7090'"},
    AttributeSpec{"SerialNumber", "Serial", text, "serial number of the computer"},
    AttributeSpec{"SMBIOSUUID", "UUID", text, "UUID of its firmware", parse_smbios_uuid},
    AttributeSpec{"MACAddress", "MAC", texts, "addresses of its network adapters", parse_mac},
    AttributeSpec{"IPAddress", "IP", texts, "addresses it had when it was last heard of"},
    AttributeSpec{"MemoryBytes", "Memory", bytes, "memory; firmware keeps a part, 8 GB show less"},
    AttributeSpec{"Processors", "", number, "logical processors"},
    AttributeSpec{"DiskBytes", "Disk", bytes, "size of its largest disk"},
    AttributeSpec{"DiskCount", "Disks", number, "fixed disks"},
    AttributeSpec{"Firmware", "", text, "how it boots: 'UEFI' or 'BIOS'"},
    AttributeSpec{"SecureBoot", "", truth, "whether Secure Boot is on"},
    AttributeSpec{"TPMVersion", "TPM", text, "'1.2' or '2.0'; not set without a TPM"},
    AttributeSpec{"NIC", "", texts, "names of its network adapters"},
    AttributeSpec{"HardwareId", "", texts, "PCI and USB ids, 'PCI\\VEN_8086&DEV_15FB'"},
    AttributeSpec{"Architecture", "", text, "'x64', 'x86' or 'arm64'"},
    AttributeSpec{"Unknown", "", truth, "whether the site did not know it before it booted"},
    AttributeSpec{"Variable.", "", variable, "a variable of the device, Variable.NAME"},
};

bool is_empty(const AttributeValue& value) {
    if (const auto* text_value = std::get_if<std::string>(&value)) return text_value->empty();
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return list->empty();
    return false;
}

std::string quoted(std::string_view value) { return "'" + printable(value) + "'"; }

std::string describe_list(const std::vector<std::string>& values) {
    constexpr std::size_t kMaxShown = 4;
    std::string shown;
    for (std::size_t i = 0; i < std::min(values.size(), kMaxShown); ++i) {
        shown += (i > 0 ? ", " : "") + quoted(values[i]);
    }
    if (values.size() > kMaxShown) {
        shown += " and " + std::to_string(values.size() - kMaxShown) + " more";
    }
    return shown;
}

}  // namespace

std::span<const AttributeSpec> known_attributes() { return kKnown; }

const AttributeSpec* find_attribute(std::span<const AttributeSpec> known, std::string_view name) {
    for (const auto& spec : known) {
        if (spec.name.ends_with('.')) {
            const bool longer = name.size() > spec.name.size();
            if (longer && equal_ignoring_case(name.substr(0, spec.name.size()), spec.name)) {
                return &spec;
            }
        } else if (equal_ignoring_case(name, spec.name) ||
                   (!spec.alias.empty() && equal_ignoring_case(name, spec.alias))) {
            return &spec;
        }
    }
    return nullptr;
}

void Attributes::set(std::string_view name, AttributeValue value) {
    if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
        std::erase_if(*list, [](const std::string& element) { return element.empty(); });
    }
    std::string key = name_key(name);
    const auto place = std::ranges::lower_bound(entries_, key, {}, &Entry::key);
    const bool there = place != entries_.end() && place->key == key;
    if (is_empty(value)) {
        if (there) entries_.erase(place);
    } else if (there) {
        place->value = std::move(value);
    } else {
        entries_.insert(place, {std::move(key), std::move(value)});
    }
}

const AttributeValue* Attributes::find(std::string_view name) const {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), name,
                                        [](const Entry& entry, std::string_view wanted) {
                                            return compare_ignoring_case(entry.key, wanted) < 0;
                                        });
    if (place == entries_.end() || !equal_ignoring_case(place->key, name)) return nullptr;
    return &place->value;
}

Attributes attributes_of(const Device& device) {
    Attributes attributes;
    attributes.set("Name", device.name);
    attributes.set("MACAddress", device.macs);
    attributes.set("SMBIOSUUID", device.smbios_uuid);
    attributes.set("SerialNumber", device.serial);
    return attributes;
}

std::string format_binary_size(std::int64_t size) {
    constexpr std::array<std::string_view, 4> kUnits = {" TB", " GB", " MB", " KB"};
    for (std::size_t i = 0; i < kUnits.size() && size != 0; ++i) {
        const std::int64_t unit = std::int64_t{1} << (40 - 10 * i);
        if (size % unit == 0) return std::to_string(size / unit) + std::string(kUnits[i]);
    }
    return std::to_string(size);
}

std::string describe(const AttributeValue& value, AttributeType type) {
    if (const auto* text_value = std::get_if<std::string>(&value)) return quoted(*text_value);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        return describe_list(*list);
    }
    const std::int64_t amount = std::get<std::int64_t>(value);
    constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;
    if (type != bytes) return std::to_string(amount);
    if (amount < kGigabyte || amount % (std::int64_t{1} << 20) == 0) {
        return format_binary_size(amount);
    }
    return std::to_string(amount) + ", " + std::to_string(amount / kGigabyte) + "." +
           std::to_string(amount % kGigabyte * 10 / kGigabyte) + " GB";
}

}  // namespace muster::site
