#include "server/domain/value.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace peaksync {
namespace {

using std::string_literals::operator""s;

std::string JsonOf(double value) { return Value::Double(value).json(); }

TEST(Value, NothingEqualsAnythingOfAnotherType) {
  const std::vector<Value> values = {Value(),
                                     Value::Bool(true),
                                     Value::Bool(false),
                                     Value::Integer(1),
                                     Value::Integer(0),
                                     Value::Text("1"),
                                     Value::Text("true"),
                                     Value::Text(""),
                                     Value::Text("null"),
                                     Value::Text("[]"),
                                     Value::List("[]", "[]"),
                                     Value::List("[1]", "[1]"),
                                     Value::Object("{}", "{}")};
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_EQ(values[i] == values[j], i == j) << values[i].json() << " " << values[j].json();
    }
  }
}

TEST(Value, IntegersAreExact) {
  EXPECT_EQ(Value::Integer(9007199254740993).json(), "9007199254740993");
  EXPECT_EQ(Value::Integer(std::numeric_limits<std::int64_t>::min()).json(),
            "-9223372036854775808");
  EXPECT_EQ(Value::Integer(std::numeric_limits<std::int64_t>::max()).json(), "9223372036854775807");
}

TEST(Value, DoublesHaveTheFewestDigitsAndStayFloats) {
  EXPECT_EQ(JsonOf(0.1), "0.1");
  EXPECT_EQ(JsonOf(14), "14.0");
  EXPECT_EQ(JsonOf(-14), "-14.0");
  EXPECT_EQ(JsonOf(0), "0.0");
  EXPECT_EQ(JsonOf(-0.0), "-0.0");
  EXPECT_EQ(JsonOf(100000), "100000.0");
  EXPECT_EQ(JsonOf(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(JsonOf(1e22), "1e+22");
  EXPECT_EQ(JsonOf(1e15), "1e+15");
  EXPECT_EQ(JsonOf(9007199254740993.0), "9007199254740992.0");
  EXPECT_EQ(JsonOf(5e-324), "5e-324");
  EXPECT_EQ(JsonOf(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
}

TEST(Value, NumbersAreEqualByExactValue) {
  EXPECT_EQ(Value::Integer(14), Value::Double(14.0));
  EXPECT_EQ(Value::Double(14.0), Value::Integer(14));
  EXPECT_EQ(Value::Integer(0), Value::Double(-0.0));
  EXPECT_EQ(Value::Double(0.0), Value::Double(-0.0));
  EXPECT_FALSE(Value::Integer(9007199254740993) == Value::Double(9007199254740992.0));
  EXPECT_EQ(Value::Integer(9007199254740992), Value::Double(9007199254740992.0));
  EXPECT_FALSE(Value::Integer(std::numeric_limits<std::int64_t>::max()) ==
               Value::Double(9223372036854775808.0));
  EXPECT_EQ(Value::Integer(std::numeric_limits<std::int64_t>::min()),
            Value::Double(-9223372036854775808.0));
  EXPECT_FALSE(Value::Integer(14) == Value::Double(14.5));
}

TEST(Value, TextIsEscapedOnlyWhereJsonAsksForIt) {
  EXPECT_EQ(Value::Text("a/b é 日 🎯").json(), "\"a/b é 日 🎯\"");
  EXPECT_EQ(Value::Text("\"\\\b\f\n\r\t").json(), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(Value::Text("\0\x01\x1F\x7F"s).json(), "\"\\u0000\\u0001\\u001f\x7F\"");
  EXPECT_EQ(Value::Text("").json(), "\"\"");
}

TEST(Value, RoundsDoublesAsPrintfDoes) {
  EXPECT_EQ(Value::Double(0.123456).Rounded(4).json(), "0.1235");
  EXPECT_EQ(Value::Double(2.5).Rounded(0).json(), "2.0");    // A tie goes to the even digit …
  EXPECT_EQ(Value::Double(1.005).Rounded(2).json(), "1.0");  // … and this is none: 1.00499….
  EXPECT_EQ(Value::Double(-0.0004).Rounded(3).json(), "0.0");
  EXPECT_EQ(Value::Double(4503599627370495.5).Rounded(15).json(), "4503599627370495.5");
  EXPECT_EQ(Value::Double(1e300).Rounded(2).json(), "1e+300");
  EXPECT_EQ(Value::Integer(15).Rounded(0).json(), "15");
  EXPECT_EQ(Value::Text("0.123").Rounded(1).json(), "\"0.123\"");
}

TEST(Value, IsReadBackAsItWasWritten) {
  const std::vector<Value> values = {
      Value(),
      Value::Bool(true),
      Value::Bool(false),
      Value::Integer(9007199254740993),
      Value::Double(14),
      Value::Double(-0.0),
      Value::Double(1e22),
      Value::Text("\"\\\n\0 é 🎯"s),
      Value::Text(""),
      Value::List("[]", "[]"),
      Value::List("[1,1.0,\"a\",[true],{\"k\":-0.0}]", "[1,1,\"a\",[true],{\"k\":0}]"),
      Value::Object("{\"a\":{\"$time\":\"2026-09-07T02:00:00Z\"}}",
                    "{\"a\":{\"$time\":\"2026-09-07T02:00:00Z\"}}")};
  for (const Value& value : values) {
    Value back;
    ASSERT_TRUE(Value::FromJson(value.type(), value.json(), &back)) << value.json();
    EXPECT_EQ(back, value) << value.json();
    EXPECT_EQ(back.json(), value.json());
    EXPECT_EQ(back.is_integer(), value.is_integer());
    EXPECT_EQ(back.fingerprint(), value.fingerprint());
    Value untyped;
    ASSERT_TRUE(Value::FromJson(value.json(), &untyped)) << value.json();
    EXPECT_EQ(untyped.type(), value.type());
  }
}

TEST(Value, EveryDoubleIsReadBackExactly) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = random();
    const double value = i % 2 == 0
                             ? __builtin_bit_cast(double, bits)
                             : static_cast<double>(static_cast<std::int64_t>(bits) >> 20) / 100;
    if (!(value - value == 0)) continue;  // NaN and infinities.
    Value back;
    ASSERT_TRUE(Value::FromJson(ValueType::kNumber, JsonOf(value), &back)) << JsonOf(value);
    ASSERT_FALSE(back.is_integer());
    ASSERT_EQ(back.AsDouble(), value);
  }
}

TEST(Value, IsNotReadFromWhatItNeverWrites) {
  Value value;
  for (const char* json : {"",
                           "nul",
                           "tru",
                           "01",
                           "-0",
                           "+1",
                           "1.50",
                           "1E5",
                           "1.",
                           ".5",
                           "NaN",
                           "Infinity",
                           "1e999",
                           "9223372036854775808",
                           " 1",
                           "1 ",
                           "\"",
                           "\"a",
                           "a\"",
                           "\"\n\"",
                           "\"\\x\"",
                           "\"\\u000a\"",
                           "\"\\u0041\"",
                           "\"\\\"",
                           "\"a\"b\"",
                           "\"\xFF\"",
                           "[",
                           "[1,]",
                           "[1",
                           "[1]]",
                           "{\"a\"}",
                           "x"}) {
    EXPECT_FALSE(Value::FromJson(json, &value)) << json;
  }
  EXPECT_FALSE(Value::FromJson(ValueType::kText, "1", &value));
  EXPECT_FALSE(Value::FromJson(ValueType::kList, "{}", &value));
  EXPECT_FALSE(Value::FromJson(ValueType::kObject, "[]", &value));
}

TEST(Value, HasAFingerprintOfAllItsBytes) {
  EXPECT_EQ(FingerprintOf(""), absl::MakeUint128(0x99aa06d3014798d8, 0x6001c324468d497f));
  EXPECT_NE(Value::Text("a").fingerprint(), Value::Text("b").fingerprint());
  EXPECT_EQ(Value::List("[1.0]", "[1]"), Value::List("[1]", "[1]"));
  EXPECT_FALSE(Value::List("[1,2]", "[1,2]") == Value::List("[2,1]", "[2,1]"));
}

}  // namespace
}  // namespace peaksync
