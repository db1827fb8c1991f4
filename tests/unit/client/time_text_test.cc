#include "client/time_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;

TEST(ParseTimeTest, ReadsWhatRfc3339AndWarehousesWrite) {
  const TimePoint expected{1788746400, 0};  // date --date 2026-09-07T02:00:00Z +%s
  for (const char* text : {"2026-09-07T02:00:00Z", "2026-09-07t02:00:00z", "2026-09-07 02:00:00Z",
                           "2026-09-07T04:00:00+02:00", "2026-09-06T21:30:00-0430",
                           "2026-09-07 02:00:00.000 +0000", "2026-09-07 02:00:00+00"}) {
    const auto time = ParseTime(text);
    ASSERT_TRUE(time.ok()) << text << ": " << time.status();
    EXPECT_EQ(*time, expected) << text;
  }
}

TEST(ParseTimeTest, KeepsNanosecondsAndTimesBefore1970) {
  EXPECT_EQ(*ParseTime("2026-09-07T02:00:00.123456789Z"), (TimePoint{1788746400, 123456789}));
  EXPECT_EQ(*ParseTime("1969-12-31T23:59:59.5Z"), (TimePoint{-1, 500000000}));
}

TEST(ParseTimeTest, SaysThatTheZoneIsMissing) {
  for (const char* text : {"2026-09-07T02:00:00", "2026-09-07 02:00:00.5"}) {
    const auto time = ParseTime(text);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_THAT(std::string(time.status().message()), HasSubstr("no zone"));
  }
}

TEST(ParseTimeTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2026-09-07", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-09-07T24:00:00Z", "2026-09-07T02:60:00Z", "2026-09-07T02:00:60Z", "2026-09-07T02:00Z",
        "2026-09-07T02:00:00.Z", "2026-09-07T02:00:00.1234567890Z", "2026-09-07T02:00:00Zx",
        "2026-09-07T02:00:00+24:00", "2026-09-07T02:00:00+2", "0000-01-01T00:00:00Z",
        "1788746400"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
}

TEST(FormatTimeTest, WritesWhatParseTimeReads) {
  for (const char* text : {"2026-09-07T02:00:00Z", "2026-09-07T02:00:00.25Z",
                           "1969-12-31T23:59:59.000000001Z", "2024-02-29T00:00:00Z"}) {
    EXPECT_EQ(FormatTime(*ParseTime(text)), text);
  }
}

TEST(ParseDurationTest, ReadsUnits) {
  EXPECT_EQ(*ParseDuration("200ms"), absl::Milliseconds(200));
  EXPECT_EQ(*ParseDuration("30s"), absl::Seconds(30));
  EXPECT_EQ(*ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDuration("90d"), absl::Hours(24 * 90));
  for (const char* text : {"", "5", "s", "5 s", "-5s", "5x", "1e9s", "5s5"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(DurationTextTest, FitsTheSize) {
  EXPECT_EQ(DurationText(absl::Milliseconds(340)), "340 ms");
  EXPECT_EQ(DurationText(absl::Milliseconds(12340)), "12.3 s");
  EXPECT_EQ(DurationText(absl::Seconds(247)), "4 min 07 s");
  EXPECT_EQ(DurationText(absl::Minutes(125)), "2 h 05 min");
}

}  // namespace
}  // namespace peaksync::client
