// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/check.h"
#include "properties.h"
#include "site/rule.h"

namespace muster::fuzz {

namespace {

std::string_view as_text(ByteSpan input) {
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

site::Attributes some_device() {
    site::Attributes device;
    device.set("Name", std::string("PC-04"));
    device.set("Model", std::string("OptiPlex 7090 Bür"));
    device.set("MemoryBytes", std::int64_t{8} << 30);
    device.set("SecureBoot", true);
    device.set("MACAddress", std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:02"});
    device.set("Variable.Seat", std::string("12"));
    return device;
}

}  // namespace

void check_rule(ByteSpan input) {
    static const site::Attributes device = some_device();
    const auto rule = site::parse_rule(as_text(input));
    if (!rule.ok()) {
        CHECK(rule.error().code() == Errc::invalid_argument);
        return;
    }
    const std::string once = site::to_string(*rule);
    const auto again = site::parse_rule(once);
    CHECK(again.ok() && *again == *rule && site::to_string(*again) == once);
    CHECK(rule->matches(device) == again->matches(device));
    CHECK(rule->explain(device).find(rule->matches(device) ? "is true" : "is false") !=
          std::string::npos);
}

}  // namespace muster::fuzz
