// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/device.h"

#include "base/enum_words.h"

#include <algorithm>

#include "site/ascii.h"
#include "site/names.h"

namespace muster::site {

namespace {

// The hexadecimal digits of `text` when every separator stands where `layout` has one ('x' is a
// digit); empty otherwise.
std::string digits_by_layout(std::string_view text, std::string_view layout) {
    if (text.size() != layout.size()) return {};
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (layout[i] == 'x') {
            if (!is_hex_digit(text[i])) return {};
            digits += lower(text[i]);
        } else if (text[i] != layout[i]) {
            return {};
        }
    }
    return digits;
}

bool only_digit(const std::string& digits, char digit) {
    return digits.find_first_not_of(digit) == std::string::npos;
}

}  // namespace

namespace {
constexpr EnumWord<Approval> kApprovals[] = {{Approval::approved, "approved"},
                                             {Approval::unknown, "unknown"},
                                             {Approval::pending, "pending"}};
}  // namespace

std::string_view to_string(Approval approval) { return word_of(kApprovals, approval); }
std::optional<Approval> approval_from(std::string_view text) { return value_of(kApprovals, text); }

Result<std::string> parse_mac(std::string_view text) {
    std::string digits;
    for (std::string_view layout :
         {"xx:xx:xx:xx:xx:xx", "xx-xx-xx-xx-xx-xx", "xxxx.xxxx.xxxx", "xxxxxxxxxxxx"}) {
        if (digits.empty()) digits = digits_by_layout(text, layout);
    }
    const std::string named = "MAC address '" + printable(text) + "'";
    if (digits.empty()) {
        return Error(Errc::invalid_argument, named + ": expected six bytes like 02:00:00:00:00:01");
    }
    if (only_digit(digits, '0')) {
        return Error(Errc::invalid_argument, named + ": all zero is no computer's address");
    }
    const char second = digits[1];
    const int nibble = second <= '9' ? second - '0' : second - 'a' + 10;
    if ((nibble & 1) != 0) {
        return Error(Errc::invalid_argument,
                     named + ": this is a group address, a computer's own has an even first byte");
    }
    std::string mac;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        if (i > 0) mac += ':';
        mac += digits.substr(i, 2);
    }
    return mac;
}

Result<std::string> parse_smbios_uuid(std::string_view text) {
    const std::string digits = digits_by_layout(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    const std::string named = "SMBIOS UUID '" + printable(text) + "'";
    if (digits.empty()) {
        return Error(Errc::invalid_argument,
                     named + ": expected a form like 4c4c4544-0042-3510-8054-b4c04f4e3132");
    }
    if (only_digit(digits, '0') || only_digit(digits, 'f')) {
        return Error(Errc::invalid_argument,
                     named + ": a placeholder, firmware without a UUID shows it; leave it out");
    }
    std::string uuid(text);
    std::transform(uuid.begin(), uuid.end(), uuid.begin(), lower);
    return uuid;
}

Result<Device> checked_device(Device device) {
    TRY(check_device_name(device.name));
    for (auto& mac : device.macs) mac = TRY(parse_mac(mac));
    for (std::size_t i = 0; i < device.macs.size(); ++i) {
        if (std::find(device.macs.begin(), device.macs.begin() + static_cast<std::ptrdiff_t>(i),
                      device.macs[i]) != device.macs.begin() + static_cast<std::ptrdiff_t>(i)) {
            return Error(Errc::invalid_argument, "device " + device.name + ": MAC address " +
                                                     device.macs[i] + " is there twice");
        }
    }
    if (!device.smbios_uuid.empty()) {
        device.smbios_uuid = TRY(parse_smbios_uuid(device.smbios_uuid));
    }
    TRY(check_text("serial number", device.serial, 100));
    return device;
}

}  // namespace muster::site
