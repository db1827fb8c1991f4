#include "mockbraze/base/date.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace mockbraze {
namespace {

TEST(MockDate, IsWrittenForTimesBefore1970) {
  EXPECT_EQ(IsoTime(Clock::Time(std::chrono::milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(IsoTime(Clock::Time(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
  for (const std::string text : {"1969-07-20T20:17:40.500Z", "0001-01-01T00:00:00.001Z",
                                 "2026-09-07T02:00:00.123Z", "2999-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(IsoTime(*ParseDate(text)), text);
  }
}

TEST(MockDate, HasTheHour24AsTheEndOfADayOnly) {
  EXPECT_EQ(IsoTime(*ParseDate("2026-01-31T24:00")), "2026-02-01T00:00:00.000Z");
  EXPECT_EQ(IsoTime(*ParseDate("2026-01-31T24:00:00Z")), "2026-02-01T00:00:00.000Z");
  for (const std::string text :
       {"2026-01-31T24:01", "2026-01-31T24:00:01Z", "2026-01-31T24:00:00.001Z", "2026-01-31T25:00",
        "Sat 01 31 24:00:01.UTC 2026"}) {
    EXPECT_FALSE(LooksLikeDate(text)) << text;
  }
}

TEST(MockDate, OfIsoBeginsWithTheYear) {
  for (const std::string text :
       {"2026-01-31", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00:123Z"}) {
    EXPECT_TRUE(ParseIsoDate(text)) << text;
    EXPECT_EQ(ParseIsoDate(text), ParseDate(text)) << text;
  }
  for (const std::string text : {"01/31/2026", "Sat 01 31 10:00:00.UTC 2026"}) {
    EXPECT_FALSE(ParseIsoDate(text)) << text;
    EXPECT_TRUE(ParseDate(text)) << text;
  }
}

}  // namespace
}  // namespace mockbraze
