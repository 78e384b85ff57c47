// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/maintenance.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

using namespace std::chrono;

// 2026-12-01 is a Tuesday.
LocalTime december(unsigned day, int hour, int minute = 0) {
    return local_days(year(2026) / month(12) / std::chrono::day(day)) + hours(hour) +
           minutes(minute);
}

MaintenanceWindow parsed(std::string_view text) {
    auto window = parse_maintenance_window(text);
    EXPECT_TRUE(window.ok()) << text << ": " << (window ? "" : window.error().message());
    return window ? *window : MaintenanceWindow();
}

TEST(MaintenanceTest, AWindowIsOpenFromItsStartToBeforeItsEndAlsoOverMidnight) {
    const auto window = parsed("tue 22:00 for 6h");
    EXPECT_FALSE(is_open(window, december(1, 21, 59)));
    EXPECT_TRUE(is_open(window, december(1, 22)));
    EXPECT_TRUE(is_open(window, december(2, 3, 59)));
    EXPECT_FALSE(is_open(window, december(2, 4)));
    EXPECT_FALSE(is_open(window, december(2, 22)));
    EXPECT_TRUE(is_open(window, december(8, 22)));
}

TEST(MaintenanceTest, TheNextOpeningIsAfterNowAndAWeekAwayAtTheMost) {
    const auto window = parsed("tue,fri 22:00 for 30m");
    EXPECT_EQ(next_opening(window, december(1, 21, 59)), december(1, 22));
    EXPECT_EQ(next_opening(window, december(1, 22)), december(4, 22));
    EXPECT_EQ(next_opening(parsed("tue 22:00 for 30m"), december(1, 22)), december(8, 22));
    EXPECT_EQ(next_opening(parsed("mon 00:00 for 1m"), december(1, 0)), december(7, 0));
}

TEST(MaintenanceTest, AWindowOnADateOpensOnce) {
    const auto window = parsed("2026-12-03 23:30 for 1.5h");
    EXPECT_TRUE(is_open(window, december(3, 23, 30)));
    EXPECT_TRUE(is_open(window, december(4, 0, 59)));
    EXPECT_FALSE(is_open(window, december(4, 1)));
    EXPECT_FALSE(is_open(window, december(10, 23, 30)));
    EXPECT_EQ(next_opening(window, december(1, 0)), december(3, 23, 30));
    EXPECT_FALSE(next_opening(window, december(3, 23, 30)));
}

TEST(MaintenanceTest, OfSeveralTheEarliestCountsAndNoneAtAllAllowsEverything) {
    const MaintenanceWindow windows[] = {parsed("sat 20:00 for 2h"), parsed("thu 01:00 for 1h")};
    EXPECT_TRUE(is_open(windows, december(3, 1, 30)));
    EXPECT_TRUE(is_open(windows, december(5, 20)));
    EXPECT_FALSE(is_open(windows, december(5, 1, 30)));
    EXPECT_EQ(next_opening(windows, december(1, 0)), december(3, 1));
    EXPECT_EQ(next_opening(windows, december(3, 1)), december(5, 20));
    EXPECT_TRUE(is_open(std::span<const MaintenanceWindow>(), december(1, 0)));
    EXPECT_FALSE(next_opening(std::span<const MaintenanceWindow>(), december(1, 0)));
}

TEST(MaintenanceTest, AWindowHasOneWrittenForm) {
    EXPECT_EQ(to_string(parsed(" Sat,sunday  22:00 for 6h ")), "sat,sun 22:00 for 6h");
    EXPECT_EQ(to_string(parsed("2026-12-01 18:30 FOR 90m")), "2026-12-01 18:30 for 1h30m");
    EXPECT_EQ(to_string(parsed("daily 00:00 for 23h59m")), "mon-sun 00:00 for 23h59m");
    EXPECT_EQ(parsed("mon 01:00 for 45m").duration_minutes, 45);
}

TEST(MaintenanceTest, AnErrorNamesTheColumnAndWhatWasExpected) {
    EXPECT_EQ(parse_maintenance_window("sat 22:00 6h").error().message(),
              "column 11: expected 'for' and how long, like for 6h30m, found '6h'");
    EXPECT_EQ(parse_maintenance_window("2026-02-30 22:00 for 6h").error().message(),
              "column 1: expected a day that is in the calendar, found '2026-02-30'");
    for (auto text : {"", "22:00 for 6h", "sat for 6h", "sat 22:00 for", "sat 22:00 for 24h",
                      "sat 22:00 for 1440m", "sat 22:00 for 0m", "sat 22:00 for 23h60m",
                      "sat 22:00 for 6", "sat 22:00 for 1m x", "1969-12-31 22:00 for 1m",
                      "sat 22:00 for 99999999999999999999h", "26-12-01 22:00 for 1m"}) {
        auto window = parse_maintenance_window(text);
        ASSERT_FALSE(window.ok()) << text;
        EXPECT_TRUE(window.error().message().starts_with("column ")) << text;
    }
}

TEST(MaintenanceTest, AWindowMadeByAProgramIsCheckedAlike) {
    EXPECT_TRUE(check_window(parsed("sat 22:00 for 6h")).ok());
    const auto thirtieth = year(2026) / month(2) / std::chrono::day(30);
    for (const MaintenanceWindow& bad :
         {MaintenanceWindow{Weekdays{0}, 0, 60}, MaintenanceWindow{thirtieth, 0, 60},
          MaintenanceWindow{Weekdays{1}, 1440, 60}, MaintenanceWindow{Weekdays{1}, 0, 0},
          MaintenanceWindow{Weekdays{1}, 0, 1440}}) {
        EXPECT_EQ(check_window(bad).error().code(), Errc::invalid_argument);
    }
}

}  // namespace
}  // namespace muster::site
