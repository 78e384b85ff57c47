// SPDX-License-Identifier: GPL-3.0-or-later
#include "site/schedule.h"

#include <gtest/gtest.h>

namespace muster::site {
namespace {

constexpr int kMonday = 0, kFriday = 4, kSaturday = 5, kSunday = 6;

int at(int day, int hour, int minute = 0) { return day * kMinutesPerDay + hour * 60 + minute; }

RateSchedule parsed(std::string_view text) {
    auto schedule = parse_rate_schedule(text);
    EXPECT_TRUE(schedule.ok()) << text << ": " << (schedule ? "" : schedule.error().message());
    return schedule ? *schedule : RateSchedule();
}

std::string refusal(std::string_view text) {
    auto schedule = parse_rate_schedule(text);
    EXPECT_FALSE(schedule.ok()) << text;
    return schedule ? "" : schedule.error().message();
}

TEST(ScheduleTest, ALimitHoldsFromItsFirstMinuteToBeforeItsLast) {
    const auto schedule = parsed("mon-fri 08:00-17:00 100M");
    EXPECT_EQ(schedule.limit_at(at(kMonday, 8)), 100'000'000);
    EXPECT_EQ(schedule.limit_at(at(kFriday, 16, 59)), 100'000'000);
    EXPECT_FALSE(schedule.limit_at(at(kMonday, 7, 59)));
    EXPECT_FALSE(schedule.limit_at(at(kFriday, 17)));
    EXPECT_FALSE(schedule.limit_at(at(kSaturday, 12)));
    EXPECT_FALSE(parsed("").limit_at(0)) << "no entry, no limit";
}

TEST(ScheduleTest, AnEntryOverMidnightGoesOnOnTheNextDayAlsoOnMonday) {
    const auto schedule = parsed("sun 22:00-06:00 1.5G");
    EXPECT_EQ(schedule.limit_at(at(kSunday, 22)), 1'500'000'000);
    EXPECT_EQ(schedule.limit_at(at(kSunday, 23, 59)), 1'500'000'000);
    EXPECT_EQ(schedule.limit_at(at(kMonday, 0)), 1'500'000'000);
    EXPECT_EQ(schedule.limit_at(at(kMonday, 5, 59)), 1'500'000'000);
    EXPECT_FALSE(schedule.limit_at(at(kMonday, 6)));
    EXPECT_FALSE(schedule.limit_at(at(kSunday, 5)));
}

TEST(ScheduleTest, DaysAreListsAndRangesInEitherLanguageOfTheClock) {
    EXPECT_EQ(to_string(parsed("Sat-Mon 00:00-24:00 10m")), "mon,sat,sun 00:00-24:00 10M");
    EXPECT_EQ(to_string(parsed("Daily 20:00-00:00 2500k")), "mon-sun 20:00-24:00 2500k");
    EXPECT_EQ(to_string(parsed("monday, Wednesday,fri 08:00-09:00 1234")),
              "mon,wed,fri 08:00-09:00 1234");
    EXPECT_EQ(
        to_string(parsed("\nmon 08:00-09:00 1G\n\n tue 08:00-09:00 2G ;; wed 08:00-09:00 3G;")),
        "mon 08:00-09:00 1G; tue 08:00-09:00 2G; wed 08:00-09:00 3G");
}

TEST(ScheduleTest, TwoEntriesAtOneTimeAreRefusedWithTheTime) {
    EXPECT_EQ(refusal("mon-fri 08:00-17:00 100M; wed 16:59-18:00 1G"),
              "column 27: 'wed 16:59-18:00 1G' overlaps 'mon-fri 08:00-17:00 100M' on wed at "
              "16:59");
    EXPECT_EQ(refusal("mon 05:00-07:00 1G; sun 22:00-06:00 1G"),
              "column 21: 'sun 22:00-06:00 1G' overlaps 'mon 05:00-07:00 1G' on mon at 05:00");
    EXPECT_TRUE(parse_rate_schedule("mon 08:00-12:00 1G; mon 12:00-17:00 2G").ok());
}

TEST(ScheduleTest, AnErrorNamesTheColumnAndWhatWasExpected) {
    EXPECT_EQ(refusal("mon-fri 8:00-17:00 100M"),
              "column 9: expected a time from 00:00 to 23:59, found '8:00-17:00'");
    EXPECT_EQ(refusal("mon 08:00-25:00 1M"),
              "column 11: expected a time from 00:00 to 24:00, found '25:00'");
    EXPECT_EQ(refusal("mon 08:00-17:00 fast"),
              "column 17: expected a rate like 100M or 1.5G, in bits per second, found 'fast'");
    EXPECT_EQ(refusal("mo 08:00-17:00 1M"),
              "column 1: expected a day: mon, tue, wed, thu, fri, sat, sun, found 'mo'");
    EXPECT_EQ(refusal("mon 08:00-17:00 1M tue 08:00-09:00 1M"),
              "column 20: expected ';' or the end of the line, found 'tue'");
    EXPECT_EQ(refusal("mon 08:00-08:00 1M"),
              "column 1: begins and ends at 08:00; 00:00-24:00 is a whole day");
    for (auto text :
         {"mon 24:00-08:00 1M", "mon 08:00 1M", "mon 08:60-09:00 1M", "mon 08:00-09:00 0",
          "mon 08:00-09:00 1MB", "mon 08:00-09:00 0.0001k", "mon 08:00-09:00 99999999999G",
          "mon- 08:00-09:00 1M", "mon 00:00-00:00 1M", "daily,mon 08:00-09:00 1M"}) {
        EXPECT_TRUE(refusal(text).starts_with("column ")) << text;
    }
}

TEST(ScheduleTest, EntriesMadeByAProgramAreCheckedAlike) {
    const RateLimit good{Weekdays{1}, 480, 1020, 1000};
    EXPECT_TRUE(RateSchedule::create({good}).ok());
    EXPECT_EQ(RateSchedule::create({good, good}).error().code(), Errc::invalid_argument);
    for (RateLimit bad :
         {RateLimit{Weekdays{0}, 480, 1020, 1000}, RateLimit{Weekdays{0x80}, 480, 1020, 1000},
          RateLimit{Weekdays{1}, -1, 1020, 1000}, RateLimit{Weekdays{1}, 1440, 1020, 1000},
          RateLimit{Weekdays{1}, 480, 0, 1000}, RateLimit{Weekdays{1}, 480, 1441, 1000},
          RateLimit{Weekdays{1}, 480, 1020, 0}}) {
        EXPECT_FALSE(RateSchedule::create({bad}).ok());
    }
    std::vector<RateLimit> many;
    for (int i = 0; i < 65; ++i) many.push_back({Weekdays{1}, i, i + 1, 1000});
    EXPECT_FALSE(RateSchedule::create(many).ok());
    many.pop_back();
    EXPECT_TRUE(RateSchedule::create(many).ok());
}

}  // namespace
}  // namespace muster::site
