// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is known of a device, by name, for the rules of collections to ask: its hardware as its
// agent reported it, its variables, and whether it is one the site did not know.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "site/device.h"

namespace muster::site {

enum class AttributeType {
    text,
    number,    // a count
    bytes,     // a number that is written with a unit, "8 GB"
    truth,     // true or false
    texts,     // several texts, in no order
    variable,  // text, compared as a number or truth with such a literal when it reads as one
};

using AttributeValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

struct AttributeSpec {
    // In people's texts and in Attributes; a name that ends in '.' stands for all that begin so.
    std::string_view name;
    std::string_view alias;  // a shorter name in people's texts; may be empty
    AttributeType type = AttributeType::text;
    std::string_view description;
    // Brings a whole value into the form it is stored in, "00-E0-..." into "00:e0:..."; may be
    // null.
    Result<std::string> (*stored_form)(std::string_view) = nullptr;
};

// What agents report and rules may name: Name, Model, MemoryBytes, Variable.NAME and so on.
std::span<const AttributeSpec> known_attributes();

// By name or alias in any case; nullptr: not known.
const AttributeSpec* find_attribute(std::span<const AttributeSpec> known, std::string_view name);

// The attributes of one device. Names are the same in any case. A device "does not have" an
// attribute that was not set, and also one that was set to empty text or to no texts: firmware
// that leaves its serial number empty has none.
class Attributes {
public:
    void set(std::string_view name, AttributeValue value);
    // nullptr: the device does not have it. Valid until the next set().
    const AttributeValue* find(std::string_view name) const;

private:
    struct Entry {
        std::string key;
        AttributeValue value;
    };
    std::vector<Entry> entries_;  // ascending by key
};

// What the site's own record says: name, MAC addresses, SMBIOS UUID, serial number.
Attributes attributes_of(const Device& device);

// "8 GB", in the largest binary unit that is exact; "1000" when none is.
std::string format_binary_size(std::int64_t bytes);

// "'OptiPlex 7090'", "8 GB", "true", "'a', 'b'": for people, shortened.
std::string describe(const AttributeValue& value, AttributeType type);

}  // namespace muster::site
