#include "server/domain/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace peaksync {
namespace {

using std::string_literals::operator""s;

TEST(CountCharacters, CountsCodePoints) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("churn risk, high"), 16u);
  EXPECT_EQ(CountCharacters("Zoë"), 3u);
  EXPECT_EQ(CountCharacters("日本語"), 3u);
  EXPECT_EQ(CountCharacters("🎯🎯"), 2u);
  EXPECT_EQ(CountCharacters("a\0b"s), 3u);
  EXPECT_EQ(CountCharacters("\xF4\x8F\xBF\xBF"), 1u);  // U+10FFFF.
}

TEST(CountCharacters, RefusesWhatIsNotUtf8) {
  for (const char* text : {"\xFF", "\x80", "\xC3",      // No sequence begins so; alone; truncated.
                           "\xC0\xAF", "\xE0\x80\xAF",  // Overlong.
                           "\xF0\x80\x80\xAF",          // Overlong.
                           "\xED\xA0\x80",              // A surrogate.
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",  // Beyond U+10FFFF.
                           "\xE2\x82", "\xE2\x28\xA1", "eight by\xC3", "\xE9t\xE9 en Latin-1"}) {
    EXPECT_EQ(CountCharacters(text), std::nullopt) << text;
  }
}

TEST(CountCharacters, SeesAFaultBehindALongAsciiPart) {
  EXPECT_EQ(CountCharacters(std::string(1000, 'a') + "é"), 1001u);
  EXPECT_EQ(CountCharacters(std::string(1000, 'a') + "\xE9"), std::nullopt);
}

}  // namespace
}  // namespace peaksync
