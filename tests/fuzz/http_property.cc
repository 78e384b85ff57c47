// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "base/check.h"
#include "net/address.h"
#include "net/http.h"
#include "properties.h"

namespace muster::fuzz {

namespace {

bool is_clean(std::string_view words) {
    return std::none_of(words.begin(), words.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
}

void check_target(std::string_view text) {
    // Beast lets no control character through; one can only come behind a %.
    if (!is_clean(text)) return;
    const auto target = net::parse_target(text);
    if (!target.ok()) return;
    CHECK(!target->path.empty() && target->path.front() == '/');
    CHECK(is_clean(target->path));
    for (const auto& [name, value] : target->query) CHECK(is_clean(name) && is_clean(value));
}

void check_range(std::string_view text) {
    for (const std::uint64_t size : {0ULL, 1ULL, 1000ULL, 1ULL << 47}) {
        const auto range = net::parse_byte_range(text, size);
        if (!range.ok() || !*range) continue;
        CHECK((*range)->first <= (*range)->last && (*range)->last < size);
    }
}

void check_address(std::string_view text) {
    if (const auto address = net::Address::parse(text); address.ok()) {
        const auto again = net::Address::parse(address->to_string());
        CHECK(again.ok() && again->to_string() == address->to_string());
    }
    (void)net::Address::parse_ip(text);
    (void)net::HostPort::parse(text);
}

}  // namespace

void check_http(ByteSpan input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    check_target(text);
    check_range(text);
    check_range("bytes=" + std::string(text));
    check_address(text);
}

}  // namespace muster::fuzz
