// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/host_counters.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace muster::net {

std::optional<std::uint64_t> find_counter(std::string_view text, std::string_view prefix,
                                          std::string_view name) {
    std::istringstream lines{std::string(text)};
    std::string names;
    std::string numbers;
    while (std::getline(lines, names)) {
        if (!std::string_view(names).starts_with(std::string(prefix) + ":")) continue;
        if (!std::getline(lines, numbers)) return std::nullopt;
        std::istringstream name_words(names);
        std::istringstream number_words(numbers);
        std::string word;
        std::string number;
        while (name_words >> word && number_words >> number) {
            if (word != name) continue;
            std::uint64_t value = 0;
            const auto [end, failure] =
                std::from_chars(number.data(), number.data() + number.size(), value);
            const bool whole = failure == std::errc() && end == number.data() + number.size();
            return whole ? std::optional(value) : std::nullopt;
        }
        return std::nullopt;
    }
    return std::nullopt;
}

namespace {

// /proc/net/snmp6: a name and a number a line.
std::uint64_t multicast_packets_of_ipv6() {
    std::ifstream file("/proc/thread-self/net/snmp6");
    std::string name;
    std::uint64_t value = 0;
    while (file >> name >> value) {
        if (name == "Ip6InMcastPkts") return value;
    }
    return 0;
}

}  // namespace

std::optional<std::uint64_t> multicast_packets_received() {
    std::ifstream file("/proc/thread-self/net/netstat");
    std::ostringstream text;
    text << file.rdbuf();
    const auto of_ipv4 = find_counter(text.str(), "IpExt", "InMcastPkts");
    if (!of_ipv4) return std::nullopt;
    return *of_ipv4 + multicast_packets_of_ipv6();
}

}  // namespace muster::net
