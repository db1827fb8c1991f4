#include "server/base/text.h"

#include <gmock/gmock.h>

namespace peaksync::text {
namespace {

using ::testing::ElementsAre;

TEST(Text, StripTakesBlanksAndLineEndsOffBothSides) {
  EXPECT_EQ(Strip(" \t a b \r\n"), "a b");
  EXPECT_EQ(Strip(" \n "), "");
  EXPECT_EQ(Strip(""), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_THAT(Split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(Text, ConsumePrefixLeavesOtherTextAlone) {
  std::string_view line = "pid 12";
  EXPECT_FALSE(ConsumePrefix(line, "host "));
  EXPECT_TRUE(ConsumePrefix(line, "pid "));
  EXPECT_EQ(line, "12");
}

}  // namespace
}  // namespace peaksync::text
