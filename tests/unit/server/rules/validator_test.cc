#include "server/rules/validator.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>

namespace peaksync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What `rule` makes of `value`: its JSON, or "refused: " and the reason.
std::string Sent(const AttributeRule& rule, Value value, std::string_view source = "any") {
  const Value before = value;
  const AttributeDef def{"score", &rule};
  if (const auto reason = Apply(def, source, &value)) {
    EXPECT_EQ(value.json(), before.json()) << "a refused value is left alone";
    return "refused: " + *reason;
  }
  return value.json();
}

AttributeRule OfType(RuleType type) {
  AttributeRule rule;
  rule.type = type;
  return rule;
}

auto IsRefused(const std::string& text) { return AllOf(HasSubstr("refused: "), HasSubstr(text)); }

TEST(Apply, LetsAnyValueThroughWithoutARule) {
  const AttributeDef def{"plan", nullptr};
  for (Value value : {Value(), Value::Bool(true), Value::Integer(1), Value::Text("x")}) {
    EXPECT_EQ(Apply(def, "any", &value), std::nullopt);
  }
}

TEST(Apply, RoundsWhatIsSent) {
  AttributeRule rule;
  rule.round = 4;
  EXPECT_EQ(Sent(rule, Value::Double(0.123456789)), "0.1235");
  EXPECT_EQ(Sent(rule, Value::Integer(7)), "7");
  EXPECT_EQ(Sent(rule, Value::Text("0.123456789")), "\"0.123456789\"");
}

TEST(Apply, SendsIntegersAsDoublesWhereDoublesAreWanted) {
  const AttributeRule rule = OfType(RuleType::kDouble);
  EXPECT_EQ(Sent(rule, Value::Integer(14)), "14.0");
  EXPECT_EQ(Sent(rule, Value::Double(0.5)), "0.5");
  EXPECT_THAT(Sent(rule, Value::Integer(9007199254740993)), IsRefused("no double holds exactly"));
  EXPECT_EQ(Sent(rule, Value::Integer(9007199254740994)), "9007199254740994.0");
}

TEST(Apply, SendsIntegralDoublesAsIntegersWhereIntegersAreWanted) {
  const AttributeRule rule = OfType(RuleType::kInteger);
  EXPECT_EQ(Sent(rule, Value::Double(14.0)), "14");
  EXPECT_EQ(Sent(rule, Value::Double(-0.0)), "0");
  EXPECT_THAT(Sent(rule, Value::Double(14.5)), IsRefused("type = \"integer\""));
  EXPECT_THAT(Sent(rule, Value::Double(1e19)), IsRefused("64 bits"));
}

TEST(Apply, RefusesAnotherType) {
  EXPECT_THAT(Sent(OfType(RuleType::kDouble), Value::Text("0.5")),
              IsRefused("a string, and the configuration says type = \"double\""));
  EXPECT_THAT(Sent(OfType(RuleType::kBool), Value::Integer(1)), IsRefused("an integer"));
  EXPECT_THAT(Sent(OfType(RuleType::kString), Value::Bool(true)), IsRefused("a bool"));
  EXPECT_THAT(Sent(OfType(RuleType::kList), Value::Object("{}", "{}")), IsRefused("an object"));
  EXPECT_EQ(Sent(OfType(RuleType::kObject), Value::Object("{}", "{}")), "{}");
  EXPECT_EQ(Sent(OfType(RuleType::kList), Value::List("[]", "[]")), "[]");
  EXPECT_EQ(Sent(OfType(RuleType::kBool), Value::Bool(false)), "false");
}

TEST(Apply, TakesTextThatIsATimeForTimestamps) {
  const AttributeRule rule = OfType(RuleType::kTimestamp);
  EXPECT_EQ(Sent(rule, Value::Text("2026-09-07T02:00:00Z")), "\"2026-09-07T02:00:00Z\"");
  EXPECT_THAT(Sent(rule, Value::Text("yesterday")), IsRefused("RFC 3339"));
  EXPECT_THAT(Sent(rule, Value::Integer(1)), IsRefused("type = \"timestamp\""));
}

TEST(Apply, NullUnsetsWhateverTheTypeAndRange) {
  AttributeRule rule = OfType(RuleType::kDouble);
  rule.range = {0, 1};
  EXPECT_EQ(Sent(rule, Value()), "null");
}

TEST(Apply, KeepsNumbersInTheirRange) {
  AttributeRule rule;
  rule.range = {0, 1};
  EXPECT_EQ(Sent(rule, Value::Double(0)), "0.0");
  EXPECT_EQ(Sent(rule, Value::Integer(1)), "1");
  EXPECT_THAT(Sent(rule, Value::Double(1.5)),
              AllOf(IsRefused("range = [0, 1]"), Not(HasSubstr("1.5"))));
  EXPECT_THAT(Sent(rule, Value::Integer(-1)), IsRefused("out of range"));
  EXPECT_THAT(Sent(rule, Value::Text("x")), IsRefused("a string"));
}

TEST(Apply, TheRangeHoldsForWhatIsSent) {
  AttributeRule rule;
  rule.range = {0, 1};
  rule.round = 4;
  EXPECT_EQ(Sent(rule, Value::Double(1.0000000001)), "1.0");
  EXPECT_THAT(Sent(rule, Value::Double(1.0001)), IsRefused("out of range"));
}

TEST(Apply, ComparesIntegersWithARangeExactly) {
  AttributeRule rule;
  rule.range = {0.5, 9007199254740992.0};
  EXPECT_EQ(Sent(rule, Value::Integer(9007199254740992)), "9007199254740992");
  EXPECT_THAT(Sent(rule, Value::Integer(9007199254740993)), IsRefused("out of range"));
  EXPECT_THAT(Sent(rule, Value::Integer(0)), IsRefused("out of range"));
  rule.range = {-1e300, 1e300};
  EXPECT_EQ(Sent(rule, Value::Integer(INT64_MAX)), "9223372036854775807");
}

TEST(Apply, KeepsAnAttributeToItsSource) {
  AttributeRule rule;
  rule.source = "churn-model";
  EXPECT_EQ(Sent(rule, Value::Integer(1), "churn-model"), "1");
  EXPECT_THAT(Sent(rule, Value::Integer(1), "ltv-model"), IsRefused("only the source churn-model"));
  EXPECT_THAT(Sent(rule, Value(), "ltv-model"), IsRefused("only the source churn-model"));
}

TEST(Apply, CountsTheCharactersOfText) {
  const AttributeRule rule;
  std::string accents;
  for (int i = 0; i < 255; ++i) accents += "é";
  EXPECT_EQ(Sent(rule, Value::Text(accents)).size(), 512u);
  EXPECT_THAT(Sent(rule, Value::Text(accents + "é")), IsRefused("255 characters"));
  EXPECT_EQ(Sent(rule, Value::Text(std::string(255, '\x01'))).size(), 6u * 255 + 2);
  EXPECT_THAT(Sent(rule, Value::Text(std::string(256, 'a'))), IsRefused("255 characters"));
}

TEST(Apply, BoundsTheBytesOfListsAndObjects) {
  const std::string large = "[" + std::string(100'000, '1') + "]";
  EXPECT_THAT(Sent(AttributeRule{}, Value::List(large, large)), IsRefused("100,000 bytes"));
}

}  // namespace
}  // namespace peaksync
