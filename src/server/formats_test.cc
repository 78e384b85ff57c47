// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/formats.h"

#include <gtest/gtest.h>

#include <set>

#include "server/api_description.h"

namespace muster::server {
namespace {

void collect(const Value& node, std::set<std::string>& formats) {
    if (const auto* list = node.as_list()) {
        for (const auto& each : *list) collect(each, formats);
    }
    if (node.as_map() == nullptr) return;
    for (const auto& [key, value, location] : *node.as_map()) {
        if (key == "format" && value.as_string() != nullptr) formats.insert(*value.as_string());
        collect(value, formats);
    }
}

struct Sample {
    std::string_view format;
    std::string_view good;
    std::string_view bad;
    std::string_view words;  // of the refusal
};

constexpr Sample kSamples[] = {
    {"device-name", "PC-01", "a b", "a b"},
    {"name", "Room 12", "a/b", "a/b"},
    {"line", "some words", "two\nlines", ""},
    {"mac", "02:00:00:00:00:01", "02:00", "MAC"},
    {"smbios-uuid", "4c4c4544-0034-3510-8052-b4c04f4a3132", "4c4c", "UUID"},
    {"smbios-uuid-or-none", "", "4c4c", "UUID"},
    {"group-range", "239.1.0.0-239.1.0.255", "224.0.0.1-224.0.0.9", "239.0.0.0/8"},
    {"rate-limit", "mon-fri 08:00-17:00 100M", "mon", "column"},
    {"maintenance-window", "sat 22:00 for 6h", "sat 22:00", "column"},
    {"time-zone", "Europe/Berlin", "Mars/Olympus", "Mars/Olympus"},
    {"time", "2030-01-01T00:00:00Z", "tomorrow", "tomorrow"},
    {"ip-address", "10.0.0.1", "10.0.0", "10.0.0"},
    {"variable-name", "Seat-1", "a b", "letters, digits"},
    {"absolute-path", "/srv/win11.wim", "win11.wim", "not absolute"},
};

TEST(Formats, AllThatTheDescriptionUsesAreKnown) {
    std::set<std::string> used;
    collect(ApiDescription().root(), used);
    EXPECT_GE(used.size(), 10U);
    const auto known = known_formats();
    for (const auto& format : used) {
        EXPECT_NE(std::find(known.begin(), known.end(), format), known.end()) << format;
    }
}

TEST(Formats, EachTakesWhatItMeansAndSaysWhatIsWrongWithTheRest) {
    std::set<std::string_view> tested;
    for (const auto& [format, good, bad, words] : kSamples) {
        tested.insert(format);
        EXPECT_TRUE(check_format(format, std::string(good)).ok()) << format;
        const Status refused = check_format(format, std::string(bad));
        ASSERT_FALSE(refused.ok()) << format;
        EXPECT_EQ(refused.error().code(), Errc::invalid_argument) << format;
        EXPECT_NE(refused.error().message().find(words), std::string::npos)
            << refused.error().message();
    }
    for (const auto format : known_formats()) EXPECT_TRUE(tested.contains(format)) << format;
}

TEST(Formats, NamesOfVariablesThatMusterSetsAreReadOnly) {
    const Status refused = check_format("variable-name", "_SMSTSLogPath");
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message().find("read only"), std::string::npos);
    EXPECT_FALSE(check_format("variable-name", std::string(257, 'a')).ok());
    EXPECT_TRUE(check_format("variable-name", std::string(256, 'a')).ok());
}

}  // namespace
}  // namespace muster::server
