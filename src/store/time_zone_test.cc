// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/time_zone.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/posix_zone.h"

namespace muster::store {
namespace {

using namespace std::chrono;
using site::to_local;
using site::to_wall;
using site::WallTime;

site::LocalTime local(year_month_day date, int hour, int minute) {
    return local_days(date) + hours(hour) + minutes(minute);
}
WallTime utc(year_month_day date, int hour, int minute) {
    return sys_days(date) + hours(hour) + minutes(minute);
}

// A zone file with a 64-bit block of these transitions (time, type) and types.
std::string zone_file(std::vector<std::pair<std::int64_t, std::uint8_t>> transitions,
                      std::vector<std::int32_t> types, std::string_view rule) {
    Bytes bytes(4096);
    ByteWriter out(bytes);
    for (const bool second : {false, true}) {
        out.bytes(as_bytes("TZif2")).bytes(Bytes(15)).u32(0).u32(0).u32(0);
        out.u32(second ? static_cast<std::uint32_t>(transitions.size()) : 0);
        out.u32(second ? static_cast<std::uint32_t>(types.size()) : 0).u32(second ? 4 : 0);
    }
    for (const auto& [time, type] : transitions) out.u64(static_cast<std::uint64_t>(time));
    for (const auto& [time, type] : transitions) out.u8(type);
    for (const auto offset : types) out.u32(static_cast<std::uint32_t>(offset)).u16(0);
    out.bytes(Bytes(4)).bytes(as_bytes("\n")).bytes(as_bytes(rule)).bytes(as_bytes("\n"));
    return std::string(as_text(out.written()));
}

Result<site::TimeZone> parsed(const std::string& file) {
    return parse_zone_file(as_bytes(file), "Test/Zone");
}

TEST(TimeZoneFileTest, TheClocksOfBerlinChangeAsTheyDid) {
    auto berlin = load_time_zone("Europe/Berlin");
    ASSERT_TRUE(berlin.ok()) << berlin.error().message();
    EXPECT_EQ(to_local(utc(2026y / 3 / 29, 0, 59), *berlin), local(2026y / 3 / 29, 1, 59));
    EXPECT_EQ(to_local(utc(2026y / 3 / 29, 1, 0), *berlin), local(2026y / 3 / 29, 3, 0));
    EXPECT_EQ(to_wall(local(2026y / 3 / 29, 2, 30), *berlin), utc(2026y / 3 / 29, 1, 30));
    EXPECT_EQ(to_wall(local(2026y / 10 / 25, 2, 30), *berlin), utc(2026y / 10 / 25, 0, 30));
    EXPECT_EQ(to_local(utc(2026y / 10 / 25, 1, 30), *berlin), local(2026y / 10 / 25, 2, 30));
    EXPECT_EQ(to_wall(local(1980y / 4 / 6, 2, 30), *berlin), utc(1980y / 4 / 6, 1, 30))
        << "the first summer time after the war";
    EXPECT_EQ(to_local(utc(2060y / 7 / 1, 12, 0), *berlin), local(2060y / 7 / 1, 14, 0))
        << "by the rule at the end of the file";
    EXPECT_EQ(to_local(utc(2060y / 1 / 1, 12, 0), *berlin), local(2060y / 1 / 1, 13, 0));
}

TEST(TimeZoneFileTest, EveryZoneOfTheSystemIsReadAndItsTableAscends) {
    for (auto name :
         {"America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
          "Pacific/Apia", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
        auto zone = load_time_zone(name);
        ASSERT_TRUE(zone.ok()) << zone.error().message();
        EXPECT_TRUE(std::ranges::is_sorted(zone->transitions, std::ranges::less_equal(),
                                           &site::TimeZone::Transition::at))
            << name;
    }
    EXPECT_EQ(to_local(utc(2026y / 1 / 1, 0, 0), *load_time_zone("Asia/Kolkata")),
              local(2026y / 1 / 1, 5, 30));
}

TEST(TimeZoneFileTest, AZoneThatIsNotThereIsNamed) {
    EXPECT_EQ(load_time_zone("Europe/Berln").error().message(),
              "no time zone 'Europe/Berln' in /usr/share/zoneinfo (names are like Europe/Berlin, "
              "from package tzdata)");
    for (auto name :
         {"", "/etc/passwd", "../../../etc/passwd", "Europe", "Europe/Berlin/", "Europe/Ber lin"}) {
        EXPECT_EQ(load_time_zone(name).error().code(), Errc::not_found) << name;
    }
    EXPECT_EQ(load_time_zone("Europe/Berlin", "/nowhere").error().code(), Errc::not_found);
    EXPECT_TRUE(load_time_zone("UTC", "/nowhere").ok());
    EXPECT_EQ(load_time_zone("tzdata", "/nowhere").error().code(), Errc::not_found);
}

TEST(TimeZoneFileTest, WhatWasBeforeTheTableIsOneOffset) {
    const auto zone =
        parsed(zone_file({{std::int64_t{-1} << 59, 0}, {0, 1}, {100, 0}}, {-3600, 7200}, ""));
    ASSERT_TRUE(zone.ok()) << zone.error().message();
    EXPECT_EQ(zone->first_offset, seconds(-3600));
    ASSERT_EQ(zone->transitions.size(), 2u);
    EXPECT_EQ(zone->transitions[0].offset, seconds(7200));
}

TEST(TimeZoneFileTest, AFileThatContradictsItselfOrIsCutShortIsRefused) {
    const std::string good = zone_file({{0, 0}, {100, 1}}, {0, 3600}, "CET-1CEST,M3.5.0,M10.5.0/3");
    ASSERT_TRUE(parsed(good).ok());
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(parsed(good.substr(0, size)).error().code(), Errc::corrupt) << size;
    }
    for (const auto& bad :
         {zone_file({{0, 2}}, {0, 3600}, ""), zone_file({{100, 0}, {100, 1}}, {0, 3600}, ""),
          zone_file({}, {}, ""), zone_file({{0, 0}}, {100'000}, ""),
          zone_file({{0, 0}}, {0}, "CET-1CEST,M3.5"), std::string(200, 'x')}) {
        EXPECT_EQ(parsed(bad).error().code(), Errc::corrupt);
    }
    std::string old = good;
    old[4] = '\0';
    EXPECT_NE(parsed(old).error().message().find("version 1"), std::string::npos);
    std::string huge = good;
    for (std::size_t i = 20; i < 44; ++i) huge[i] = '\xff';
    EXPECT_EQ(parsed(huge).error().code(), Errc::corrupt);
}

// The transitions of 2024, a leap year, as "MM-DD HH:MM+offset minutes" in UTC.
std::vector<std::string> of_2024(std::string_view rule) {
    site::TimeZone zone;
    const auto status = extend_by_rule(zone, rule, 2025);
    EXPECT_TRUE(status.ok()) << rule;
    std::vector<std::string> found;
    for (const auto& transition : zone.transitions) {
        const auto text = site::format_time(transition.at);
        if (!text.starts_with("2024-")) continue;
        const auto offset = duration_cast<minutes>(transition.offset).count();
        found.push_back(text.substr(5, 11) + " " + std::to_string(offset));
    }
    return found;
}

TEST(PosixZoneTest, DaysAreNamedInThreeWays) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(of_2024("CET-1CEST,M3.5.0,M10.5.0/3"), (Texts{"03-31T01:00 120", "10-27T01:00 60"}));
    EXPECT_EQ(of_2024("EST5EDT,M3.2.0,M11.1.0"), (Texts{"03-10T07:00 -240", "11-03T06:00 -300"}));
    EXPECT_EQ(of_2024("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"),
              (Texts{"04-06T15:00 630", "10-05T15:30 660"}));
    EXPECT_EQ(of_2024("AAA0BBB,J60/0,J300/0"), (Texts{"03-01T00:00 60", "10-26T23:00 0"}));
    EXPECT_EQ(of_2024("AAA0BBB,59/0,299/0"), (Texts{"02-29T00:00 60", "10-25T23:00 0"}));
    EXPECT_EQ(of_2024("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"),
              (Texts{"03-31T01:00 -60", "10-27T01:00 -120"}));
    EXPECT_EQ(of_2024("JST-9"), Texts{});
}

TEST(PosixZoneTest, SummerForEverHasNoWinterInBetween) {
    site::TimeZone zone;
    ASSERT_TRUE(extend_by_rule(zone, "XXX3EDT4,0/0,J365/23", 1990).ok());
    for (std::size_t i = 0; i + 1 < zone.transitions.size(); ++i) {
        EXPECT_EQ(zone.transitions[i].offset, hours(-4)) << i;
    }
}

TEST(PosixZoneTest, WhatIsNotInTheFormIsRefused) {
    for (auto rule : {"CE-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M13.5.0",
                      "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "<+03-3", "CET-168",
                      "CET-1:60", "CET-1CEST,J0,J365", "CET-1CEST,366,1",
                      "CET-1CEST,M3.5.0,M10.5.0x", "CET-1CEST,M3.5.0/,M10.5.0"}) {
        site::TimeZone zone;
        EXPECT_EQ(extend_by_rule(zone, rule, 2030).error().code(), Errc::corrupt) << rule;
    }
}

}  // namespace
}  // namespace muster::store
