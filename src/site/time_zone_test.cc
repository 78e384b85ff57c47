// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/time_zone.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

using namespace std::chrono;

// Berlin in 2026: an hour ahead at 2026-03-29 01:00 UTC, back at 2026-10-25 01:00 UTC.
TimeZone berlin() {
    return {"Europe/Berlin",
            hours(1),
            {{sys_days(2026y / 3 / 29) + hours(1), hours(2)},
             {sys_days(2026y / 10 / 25) + hours(1), hours(1)}}};
}

LocalTime local(year_month_day date, int hour, int minute) {
    return local_days(date) + hours(hour) + minutes(minute);
}
WallTime utc(year_month_day date, int hour, int minute) {
    return sys_days(date) + hours(hour) + minutes(minute);
}

Result<TimeZone> find(std::string_view name) {
    if (name == "Europe/Berlin") return berlin();
    return Error(Errc::not_found, "no time zone '" + std::string(name) + "'");
}

TEST(TimeZoneTest, LocalTimeFollowsTheTransitions) {
    EXPECT_EQ(to_local(utc(2026y / 1 / 1, 12, 0), berlin()), local(2026y / 1 / 1, 13, 0));
    EXPECT_EQ(to_local(utc(2026y / 7 / 1, 12, 0), berlin()), local(2026y / 7 / 1, 14, 0));
    EXPECT_EQ(to_local(utc(2026y / 3 / 29, 0, 59), berlin()), local(2026y / 3 / 29, 1, 59));
    EXPECT_EQ(to_local(utc(2026y / 3 / 29, 1, 0), berlin()), local(2026y / 3 / 29, 3, 0));
    EXPECT_EQ(to_local(utc(2026y / 10 / 25, 0, 59), berlin()), local(2026y / 10 / 25, 2, 59));
    EXPECT_EQ(to_local(utc(2026y / 10 / 25, 1, 0), berlin()), local(2026y / 10 / 25, 2, 0));
    EXPECT_EQ(to_local(utc(2026y / 7 / 1, 12, 0), TimeZone{}), local(2026y / 7 / 1, 12, 0));
}

TEST(TimeZoneTest, ATimeThatExistsTwiceIsTheFirstOfTheTwo) {
    EXPECT_EQ(to_wall(local(2026y / 10 / 25, 2, 0), berlin()), utc(2026y / 10 / 25, 0, 0));
    EXPECT_EQ(to_wall(local(2026y / 10 / 25, 2, 59), berlin()), utc(2026y / 10 / 25, 0, 59));
    EXPECT_EQ(to_wall(local(2026y / 10 / 25, 3, 0), berlin()), utc(2026y / 10 / 25, 2, 0));
}

TEST(TimeZoneTest, ATimeThatDoesNotExistIsAsMuchLaterAsTheClocksWereSet) {
    EXPECT_EQ(to_wall(local(2026y / 3 / 29, 1, 59), berlin()), utc(2026y / 3 / 29, 0, 59));
    EXPECT_EQ(to_wall(local(2026y / 3 / 29, 2, 30), berlin()), utc(2026y / 3 / 29, 1, 30));
    EXPECT_EQ(to_wall(local(2026y / 3 / 29, 3, 0), berlin()), utc(2026y / 3 / 29, 1, 0));
}

TEST(TimeZoneTest, EveryMomentOfAYearComesBackUnlessItsTimeExistsTwice) {
    for (WallTime time = utc(2026y / 1 / 1, 0, 0); time < utc(2027y / 1 / 1, 0, 0);
         time += minutes(30)) {
        const bool second = time >= utc(2026y / 10 / 25, 1, 0) && time < utc(2026y / 10 / 25, 2, 0);
        EXPECT_EQ(to_wall(to_local(time, berlin()), berlin()), second ? time - hours(1) : time)
            << format_time(time);
    }
}

TEST(TimeZoneTest, ATimeIsReadWithItsZone) {
    const auto expected = utc(2026y / 12 / 1, 7, 0);
    for (auto text :
         {"2026-12-01 08:00 Europe/Berlin", "2026-12-01T08:00:00+01:00", "2026-12-01T08:00+0100",
          "2026-12-01 08:00 +01", "2026-12-01T07:00:00.000Z", "2026-12-01 07:00 UTC",
          " 2026-12-01T02:30:00-04:30 ", "2026-12-01t07:00:00,0z"}) {
        auto time = parse_time(text, find);
        ASSERT_TRUE(time.ok()) << text << ": " << time.error().message();
        EXPECT_EQ(*time, expected) << text;
    }
    EXPECT_EQ(*parse_time("2026-12-01T07:00:30.25Z", find), expected + milliseconds(30'250));
    EXPECT_EQ(*parse_time("2026-03-29 02:30 Europe/Berlin", find), utc(2026y / 3 / 29, 1, 30));
}

TEST(TimeZoneTest, AnErrorNamesTheColumnAndWhatWasExpected) {
    EXPECT_EQ(parse_time("2026-12-01 08:00", find).error().message(),
              "column 17: expected a time zone: Z, +01:00 or a name like Europe/Berlin, found the "
              "end");
    EXPECT_EQ(parse_time("2026-12-01 08:00 Europe/Berln", find).error().message(),
              "column 18: no time zone 'Europe/Berln'");
    EXPECT_EQ(parse_time("2026-02-29 08:00 Z", find).error().message(),
              "column 1: expected a day that is in the calendar, found '2026-02-29'");
    for (auto text : {"", "2026-12-01", "2026-12-01 8:00 Z", "2026-12-01 24:00 Z",
                      "2026-12-01T08:00:60Z", "2026-12-01T08:00:00.Z", "2026-12-01T08:00+24:00",
                      "2026-12-01T08:00+1", "2026-12-01T08:00+01:60", "2026-12-01T08:00Z x",
                      "01.12.2026 08:00 Z", "1969-12-31 08:00 Z", "2026-13-01 08:00 Z"}) {
        auto time = parse_time(text, find);
        ASSERT_FALSE(time.ok()) << text;
        EXPECT_EQ(time.error().code(), Errc::invalid_argument);
        EXPECT_TRUE(time.error().message().starts_with("column ")) << text;
    }
}

TEST(TimeZoneTest, ATimeIsWrittenInUtcAndReadBack) {
    EXPECT_EQ(format_time(utc(2026y / 12 / 1, 7, 5)), "2026-12-01T07:05:00Z");
    EXPECT_EQ(format_time(utc(2026y / 12 / 1, 7, 5) + milliseconds(9'007)),
              "2026-12-01T07:05:09.007Z");
    EXPECT_EQ(*parse_time(format_time(WallTime(milliseconds(1))), find), WallTime(milliseconds(1)));
}

TEST(CalendarTest, TheWeekBeginsOnMonday) {
    EXPECT_EQ(week_minute(local(2026y / 11 / 30, 0, 0)), 0);
    EXPECT_EQ(week_minute(local(2026y / 12 / 6, 23, 59) + seconds(59)), kMinutesPerWeek - 1);
    EXPECT_EQ(week_minute(local(1969y / 12 / 31, 12, 0)), 2 * kMinutesPerDay + 720);
}

}  // namespace
}  // namespace muster::site
