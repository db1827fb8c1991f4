#include "server/domain/canonical_json.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/limits.h"
#include "server/domain/value.h"

namespace peaksync {
namespace {

std::string Nested(int depth) {
  const auto levels = static_cast<std::size_t>(depth);
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ComparableOf, WritesIntegralDoublesAsIntegers) {
  EXPECT_EQ(ComparableOf("[1.0,-0.0,0.5,1e+22,1e+15,7]"), "[1,0,0.5,1e+22,1000000000000000,7]");
  EXPECT_EQ(ComparableOf("{\"a\":{\"b\":[2.0]},\"c\":\"1.0\"}"),
            "{\"a\":{\"b\":[2]},\"c\":\"1.0\"}");
}

TEST(ComparableOf, EndsAtTheDepthLimit) {
  EXPECT_TRUE(ComparableOf(Nested(limits::kValueDepthMax)));
  EXPECT_FALSE(ComparableOf(Nested(limits::kValueDepthMax + 1)));
  EXPECT_FALSE(ComparableOf(std::string(1'000'000, '[')));
}

TEST(ComparableOf, RefusesWhatBrazeWouldDropOrExecute) {
  for (const char* json :
       {"[null]", "{\"a\":null}", "{\"inc\":1}", "{\"a\":{\"add\":[1]}}", "{\"remove\":[1]}",
        "{\"$add\":[{}]}", "{\"a b\":1}", "{\"a.b\":1}", "{\"\":1}", "{\"a\":1,\"a\":2}",
        "{\"$time\":\"2026-09-07T02:00:00Z\"}", "[{\"$time\":\"2026-09-07T02:00:00Z\"}]",
        "{\"a\":{\"$time\":\"soon\"}}", "{\"a\":{\"$time\":\"2026-09-07T02:00:00Z\",\"b\":1}}"}) {
    EXPECT_FALSE(ComparableOf(json)) << json;
  }
  EXPECT_FALSE(ComparableOf("[\"" + std::string(256, 'a') + "\"]"));
  EXPECT_TRUE(ComparableOf("[\"" + std::string(255, 'a') + "\"]"));
}

TEST(ComparableOf, RefusesWhatIsNotCanonical) {
  for (const char* json : {"[ 1]", "[1, 2]", "{\"a\" :1}", "[1.50]", "[01]", "[\"\\u0041\"]", "1",
                           "\"a\"", "", "[1}", "{\"a\":1]", "[,1]", "{,}", "{a:1}"}) {
    EXPECT_FALSE(ComparableOf(json)) << json;
  }
}

TEST(CountCanonicalString, CountsCharactersAndNotBytes) {
  EXPECT_EQ(CountCanonicalString("\"\""), 0u);
  EXPECT_EQ(CountCanonicalString("\"a\\n\\\"\\u0001é🎯\""), 6u);
}

TEST(IsTimestampText, TakesRfc3339) {
  for (const char* text : {"2026-09-07T02:00:00Z", "2026-09-07T02:00:00.123456789Z",
                           "2024-02-29T23:59:59+02:00", "0000-01-01T00:00:00-23:59"}) {
    EXPECT_TRUE(IsTimestampText(text)) << text;
  }
}

TEST(IsTimestampText, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-09-07", "2026-09-07T02:00:00", "2026-09-07 02:00:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-09-00T00:00:00Z",
        "2026-09-07T24:00:00Z", "2026-09-07T02:60:00Z", "2026-09-07T02:00:60Z",
        "2026-09-07T02:00:00.Z", "2026-09-07T02:00:00+0200", "2026-09-07T02:00:00Z ",
        "3001-01-01T00:00:00Z", "-2026-09-07T02:00:00Z", "infinite-future"}) {
    EXPECT_FALSE(IsTimestampText(text)) << text;
  }
}

}  // namespace
}  // namespace peaksync
