#include "server/app/duration_text.h"

#include <gmock/gmock.h>

#include <utility>

#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ParseDuration, ReadsEveryUnitAndWritesItBack) {
  for (const auto& [text, duration] :
       {std::pair{"200ms", absl::Milliseconds(200)}, std::pair{"30s", absl::Seconds(30)},
        std::pair{"5m", absl::Minutes(5)}, std::pair{"1h", absl::Hours(1)},
        std::pair{"90d", absl::Hours(90 * 24)}, std::pair{"0s", absl::ZeroDuration()}}) {
    const auto parsed = ParseDuration(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(*parsed, duration) << text;
    EXPECT_EQ(DurationText(duration), text);
  }
}

TEST(ParseDuration, RefusesEverythingElseWithExamples) {
  for (const char* text : {"", "5", "s", "-1s", "1.5s", "1 s", "1S", "1h30m", "1w", "1us",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_THAT(ParseDuration(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("200ms, 30s")))
        << text;
  }
}

TEST(ParseBytes, ReadsPlainNumbersAndBinaryUnits) {
  for (const auto& [text, bytes] :
       {std::pair{"0", std::int64_t{0}}, std::pair{"4000000", std::int64_t{4'000'000}},
        std::pair{"1KiB", std::int64_t{1'024}}, std::pair{"64MiB", std::int64_t{64} << 20},
        std::pair{"1GiB", std::int64_t{1} << 30}, std::pair{"2TiB", std::int64_t{2} << 40}}) {
    const auto parsed = ParseBytes(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseBytes, RefusesEverythingElseWithExamples) {
  for (const char* text :
       {"", "GiB", "-1", "1.5GiB", "1 GiB", "1gib", "1GB", "1G", "9223372036854775807KiB"}) {
    EXPECT_THAT(ParseBytes(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64MiB or 1GiB")))
        << text;
  }
}

}  // namespace
}  // namespace peaksync
