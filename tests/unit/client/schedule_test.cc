#include "client/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace peaksync::client {
namespace {

using ::peaksync::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone));
  return zone;
}

absl::Time Utc(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%E*S", text, &time, &error)) << error;
  return time;
}

// The next `count` slots after `after`, in UTC.
std::vector<std::string> Slots(const char* schedule, const char* after, const char* zone,
                               int count) {
  const auto parsed = Schedule::Parse(schedule);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::vector<std::string> slots;
  absl::Time at = Utc(after);
  for (int i = 0; i < count; ++i) {
    at = parsed->NextAfter(at, Zone(zone));
    slots.push_back(absl::FormatTime("%Y-%m-%d %H:%M", at, absl::UTCTimeZone()));
  }
  return slots;
}

TEST(Schedule, RunsAtTheClockOfItsZone) {
  EXPECT_THAT(Slots("0 2 * * *", "2026-07-01 00:00:00", "Europe/London", 2),
              ElementsAre("2026-07-01 01:00", "2026-07-02 01:00"));
  EXPECT_THAT(Slots("0 2 * * *", "2026-12-01 00:00:00", "Europe/London", 2),
              ElementsAre("2026-12-01 02:00", "2026-12-02 02:00"));
}

TEST(Schedule, ComesAfterAndNotAtTheTimeGiven) {
  EXPECT_THAT(Slots("30 2 * * *", "2026-07-01 02:30:00", "UTC", 1),
              ElementsAre("2026-07-02 02:30"));
  EXPECT_THAT(Slots("30 2 * * *", "2026-07-01 02:29:59.5", "UTC", 1),
              ElementsAre("2026-07-01 02:30"));
  EXPECT_THAT(Slots("* * * * *", "2026-07-01 02:29:59.5", "UTC", 2),
              ElementsAre("2026-07-01 02:30", "2026-07-01 02:31"));
}

// On 2026-03-29 the clock of London goes from 01:00 to 02:00.
TEST(Schedule, RunsOnceWhenTheClockIsSetAheadOverASlot) {
  EXPECT_THAT(Slots("30 1 * * *", "2026-03-28 12:00:00", "Europe/London", 2),
              ElementsAre("2026-03-29 01:00", "2026-03-30 00:30"));
  EXPECT_THAT(Slots("0 1,2 * * *", "2026-03-28 12:00:00", "Europe/London", 2),
              ElementsAre("2026-03-29 01:00", "2026-03-30 00:00"));
  EXPECT_THAT(Slots("30 * * * *", "2026-03-29 00:00:00", "Europe/London", 3),
              ElementsAre("2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"));
}

// On 2026-10-25 it shows 01:00 to 02:00 twice.
TEST(Schedule, RunsOnceWhenTheClockIsSetBackOverASlot) {
  EXPECT_THAT(Slots("30 1 * * *", "2026-10-24 12:00:00", "Europe/London", 2),
              ElementsAre("2026-10-25 00:30", "2026-10-26 01:30"));
  EXPECT_THAT(Slots("30 1 * * *", "2026-10-25 01:10:00", "Europe/London", 1),
              ElementsAre("2026-10-26 01:30"));
  // Every hour is every hour.
  EXPECT_THAT(Slots("30 * * * *", "2026-10-25 00:00:00", "Europe/London", 3),
              ElementsAre("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"));
}

TEST(Schedule, KnowsListsRangesStepsAndNames) {
  EXPECT_THAT(
      Slots("*/20 8-9 * * *", "2026-07-01 08:10:00", "UTC", 4),
      ElementsAre("2026-07-01 08:20", "2026-07-01 08:40", "2026-07-01 09:00", "2026-07-01 09:20"));
  EXPECT_THAT(Slots("5,10 0/12 * * *", "2026-07-01 00:07:00", "UTC", 3),
              ElementsAre("2026-07-01 00:10", "2026-07-01 12:05", "2026-07-01 12:10"));
  EXPECT_THAT(Slots("0 0 * mar-APR Mon", "2026-01-01 00:00:00", "UTC", 2),
              ElementsAre("2026-03-02 00:00", "2026-03-09 00:00"));
}

TEST(Schedule, TakesEitherDayWhenBothAreGiven) {
  EXPECT_THAT(Slots("0 0 13 * 5", "2026-10-31 00:00:00", "UTC", 3),
              ElementsAre("2026-11-06 00:00", "2026-11-13 00:00", "2026-11-20 00:00"));
  EXPECT_THAT(Slots("0 0 1 * *", "2026-10-31 00:00:00", "UTC", 2),
              ElementsAre("2026-11-01 00:00", "2026-12-01 00:00"));
  EXPECT_EQ(Slots("0 0 * * 7", "2026-10-31 00:00:00", "UTC", 2),
            Slots("0 0 * * 0", "2026-10-31 00:00:00", "UTC", 2));
}

TEST(Schedule, KnowsDailyAndWeeklyAndLeapDays) {
  EXPECT_THAT(Slots("@daily", "2026-07-01 12:00:00", "UTC", 1), ElementsAre("2026-07-02 00:00"));
  EXPECT_THAT(Slots("@weekly", "2026-07-01 12:00:00", "UTC", 1), ElementsAre("2026-07-05 00:00"));
  EXPECT_THAT(Slots("0 0 29 2 *", "2026-07-01 12:00:00", "UTC", 2),
              ElementsAre("2028-02-29 00:00", "2032-02-29 00:00"));
}

TEST(Schedule, RefusesWhatItCannotRead) {
  for (const char* text :
       {"", "0 2 * *", "0 2 * * * *", "@hourly", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "1-2-3 * * * *", "a * * * *",
        "1//2 * * * *", ", * * * *", "-1 * * * *"}) {
    EXPECT_THAT(Schedule::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(Schedule::Parse("0 0 31 4 *"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("never comes")));
  EXPECT_THAT(Schedule::Parse("0 25 * * *"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'25' is no hour")));
}

}  // namespace
}  // namespace peaksync::client
