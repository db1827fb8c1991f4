#include "mockbraze/base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "mockbraze/base/json_parser.h"
#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

std::string RoundTrip(const std::string& text) {
  const auto parsed = ParseJson(text);
  return parsed.ok() ? ToJson(parsed.value()) : "error: " + parsed.error();
}

TEST(MockJson, KeepsIntegersExactly) {
  for (const std::string text : {"0", "-1", "9007199254740993", "9223372036854775807",
                                 "-9223372036854775808", "18446744073709551615"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST(MockJson, WritesDoublesShortestAndAsDoubles) {
  EXPECT_EQ(RoundTrip("14.0"), "14.0");
  EXPECT_EQ(RoundTrip("0.1"), "0.1");
  EXPECT_EQ(RoundTrip("0.31551916228393145"), "0.31551916228393145");
  EXPECT_EQ(RoundTrip("-0.0"), "-0.0");
  EXPECT_EQ(RoundTrip("5e-324"), "5e-324");
  EXPECT_EQ(RoundTrip("1.7976931348623157e308"), "1.7976931348623157e+308");
}

TEST(MockJson, WritesNullForWhatIsNoFiniteNumber) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ToJson(Value::List{infinity, -infinity, std::nan("")}), "[null,null,null]");
}

TEST(MockJson, EscapesWhatMustBeEscapedAndNothingElse) {
  const std::string text = R"({"a\"b":"\\ \n \u0001 é 😀"})";
  EXPECT_EQ(RoundTrip(text), text);
}

TEST(MockJson, LastOfTwoMembersWithOneNameCounts) {
  EXPECT_EQ(RoundTrip(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  std::string many = R"({"k":0)";
  for (int i = 0; i < 100; ++i) many += ",\"m" + std::to_string(i) + "\":1";
  const auto parsed = ParseJson(many + R"(,"k":7})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().object()->size(), 101U);
  EXPECT_EQ(*parsed.value().Find("k"), Value(7));
}

TEST(MockJson, RefusesWhatIsNoJson) {
  for (const std::string text :
       {"", "{", "{x", "[1,]", "{\"a\":01}", "nan", "1e999", "99999999999999999999", "{} {}",
        "\"\xFF\"", "\"\xED\xA0\x80\"", "\"a\nb\""}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  }
}

TEST(MockJson, RefusesNestingBeyondTheLimitHoweverDeep) {
  for (const std::size_t depth : {limits::json_depth_max + 1, std::size_t{100'000}}) {
    EXPECT_FALSE(ParseJson(std::string(depth, '[') + std::string(depth, ']')).ok()) << depth;
  }
  EXPECT_TRUE(ParseJson(std::string(100, '[') + std::string(100, ']')).ok());
}

TEST(MockJson, EqualityKnowsTypesAndIgnoresTheOrderOfMembers) {
  const auto equal = [](const char* a, const char* b) {
    return ParseJson(a).value() == ParseJson(b).value();
  };
  EXPECT_TRUE(equal(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(equal("[1,2]", "[2,1]"));
  EXPECT_FALSE(equal("14", "14.0"));
  EXPECT_FALSE(equal("1", "true"));
  EXPECT_FALSE(equal("1", "\"1\""));
  EXPECT_FALSE(equal("null", "false"));
}

}  // namespace
}  // namespace mockbraze
