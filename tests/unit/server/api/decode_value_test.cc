#include "server/api/decode_value.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "server/base/limits.h"
#include "tests/unit/server/api/decode_fixture.h"

namespace peaksync {
namespace {

using std::string_literals::operator""s;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The JSON of a valid value, or "refused: " and the reason.
std::string Decoded(const v1::Value& given) {
  Value value;
  if (const auto reason = DecodeValue(given, &value)) return "refused: " + *reason;
  EXPECT_EQ(GivenJson(given), value.json()) << "what is kept of a value can be retried";
  Value back;
  EXPECT_TRUE(Value::FromJson(value.type(), value.json(), &back)) << value.json();
  EXPECT_EQ(back, value) << value.json();
  return value.json();
}

Value Valid(const v1::Value& given) {
  Value value;
  EXPECT_EQ(DecodeValue(given, &value), std::nullopt);
  return value;
}

// A refused value must not come back as another one when its rejection is retried.
std::string Refusal(const v1::Value& given) {
  const std::string decoded = Decoded(given);
  EXPECT_THAT(decoded, HasSubstr("refused: "));
  Value value;
  EXPECT_FALSE(Value::FromJson(GivenJson(given), &value)) << GivenJson(given);
  return decoded;
}

v1::Value Nested(int depth, bool objects) {
  v1::Value value = Int(1);
  for (int i = 0; i < depth; ++i) value = objects ? Object({{"k", value}}) : List({value});
  return value;
}

TEST(DecodeValue, ScalarsTravelExactly) {
  EXPECT_EQ(Decoded(Null()), "null");
  EXPECT_EQ(Decoded(Bool(true)), "true");
  EXPECT_EQ(Decoded(Bool(false)), "false");
  EXPECT_EQ(Decoded(Int(0)), "0");
  EXPECT_EQ(Decoded(Int(9007199254740993)), "9007199254740993");
  EXPECT_EQ(Decoded(Real(0.1)), "0.1");
  EXPECT_EQ(Decoded(Real(1e22)), "1e+22");
  EXPECT_EQ(Decoded(Real(-0.0)), "-0.0");
  EXPECT_EQ(Decoded(Real(14)), "14.0");
  EXPECT_EQ(Decoded(Text("")), "\"\"");
  EXPECT_EQ(Decoded(Text("1")), "\"1\"");
  EXPECT_EQ(Decoded(Text("\"\\\n\0 é 🎯"s)), "\"\\\"\\\\\\n\\u0000 é 🎯\"");
  EXPECT_EQ(Valid(Int(14)), Valid(Real(14)));
  EXPECT_FALSE(Valid(Int(1)) == Valid(Text("1")));
  EXPECT_FALSE(Valid(Int(1)) == Valid(Bool(true)));
}

TEST(DecodeValue, TimestampsBecomeTextWithTheFewestDigits) {
  EXPECT_EQ(Decoded(Time(1'788'746'400)), "\"2026-09-07T02:00:00Z\"");
  EXPECT_EQ(Decoded(Time(1'788'746'400, 500'000'000)), "\"2026-09-07T02:00:00.5Z\"");
  EXPECT_EQ(Decoded(Time(0, 1)), "\"1970-01-01T00:00:00.000000001Z\"");
  EXPECT_EQ(Decoded(Time(-62'135'596'800)), "\"0001-01-01T00:00:00Z\"");
  EXPECT_EQ(Decoded(Time(253'402'300'799)), "\"9999-12-31T23:59:59Z\"");
  EXPECT_EQ(Valid(Time(1'788'746'400)), Valid(Text("2026-09-07T02:00:00Z")));
  for (const v1::Value& given : {Time(253'402'300'800), Time(-62'135'596'801), Time(0, -1),
                                 Time(0, 1'000'000'000), Time(INT64_MAX)}) {
    EXPECT_THAT(Refusal(given), HasSubstr("years 1 to 9999"));
  }
}

TEST(DecodeValue, RefusesWhatIsNoValue) {
  EXPECT_THAT(Refusal(v1::Value()), HasSubstr("has no value"));
  EXPECT_THAT(Refusal(Text("\xFF")), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal(Real(std::numeric_limits<double>::quiet_NaN())), HasSubstr("not finite"));
  EXPECT_THAT(Refusal(Real(std::numeric_limits<double>::infinity())), HasSubstr("not finite"));
}

TEST(DecodeValue, ListsKeepTheirOrder) {
  EXPECT_EQ(Decoded(List({})), "[]");
  EXPECT_EQ(Decoded(List({Int(2), Real(1), Text("a"), Bool(true), List({}), Time(0)})),
            "[2,1.0,\"a\",true,[],\"1970-01-01T00:00:00Z\"]");
  EXPECT_FALSE(Valid(List({Int(1), Int(2)})) == Valid(List({Int(2), Int(1)})));
}

TEST(DecodeValue, TheOrderOfKeysDoesNotMatter) {
  const v1::Value given = Object({{"b", Int(1)}, {"a", Text("x")}, {"é", Int(2)}, {"B", Int(3)}});
  EXPECT_EQ(Decoded(given), "{\"B\":3,\"a\":\"x\",\"b\":1,\"é\":2}");
  EXPECT_EQ(Valid(Object({{"a", Int(1)}, {"b", Int(2)}})),
            Valid(Object({{"b", Int(2)}, {"a", Int(1)}})));
  EXPECT_EQ(Decoded(Object({})), "{}");
}

TEST(DecodeValue, NumbersInsideAreEqualByValue) {
  EXPECT_EQ(Valid(Object({{"a", Int(14)}, {"b", Text("14.0")}})),
            Valid(Object({{"b", Text("14.0")}, {"a", Real(14)}})));
  EXPECT_EQ(Valid(List({Int(0), Text("x")})), Valid(List({Real(-0.0), Text("x")})));
  EXPECT_FALSE(Valid(List({Int(9007199254740993)})) == Valid(List({Real(9007199254740992)})));
  EXPECT_FALSE(Valid(List({Int(1)})) == Valid(List({Text("1")})));
}

TEST(DecodeValue, RefusesNullInside) {
  EXPECT_THAT(Refusal(List({Int(1), Null()})), HasSubstr("null inside"));
  EXPECT_THAT(Refusal(Object({{"a", Null()}})), HasSubstr("null inside"));
  EXPECT_EQ(GivenJson(List({Int(1), Null()})), "[1,null]");
}

TEST(DecodeValue, RefusesOperatorsAtAnyDepth) {
  for (const char* key :
       {"inc", "add", "remove", "$add", "$update", "$remove", "$identifier_key", "$", "$time"}) {
    EXPECT_THAT(Refusal(Object({{key, Int(1)}})), HasSubstr("Braze would execute it")) << key;
  }
  EXPECT_THAT(Refusal(Object({{"a", Object({{"b", Int(2)}, {"inc", Int(1)}})}})),
              HasSubstr("Braze would execute it"));
  EXPECT_THAT(Refusal(List({Object({{"add", List({})}})})), HasSubstr("Braze would execute it"));
  EXPECT_EQ(Decoded(Object({{"increment", Int(1)}, {"Add", Int(2)}})),
            "{\"Add\":2,\"increment\":1}");
}

TEST(DecodeValue, TakesATimeInsideAnObject) {
  const char* const json = "{\"joined\":{\"$time\":\"2026-09-07T02:00:00Z\"}}";
  const v1::Value text = Object({{"$time", Text("2026-09-07T02:00:00Z")}});
  EXPECT_EQ(Decoded(Object({{"joined", text}})), json);
  EXPECT_EQ(Decoded(Object({{"joined", Object({{"$time", Time(1'788'746'400)}})}})), json);
  EXPECT_THAT(Refusal(text), HasSubstr("Braze would execute it"));
  EXPECT_THAT(Refusal(List({text})), HasSubstr("Braze would execute it"));
  EXPECT_THAT(Refusal(Object({{"joined", Object({{"$time", Text("soon")}})}})),
              HasSubstr("$time must be an RFC 3339 time"));
  EXPECT_THAT(Refusal(Object({{"joined", Object({{"$time", Null()}})}})), HasSubstr("$time"));
  EXPECT_THAT(Refusal(Object({{"joined", Object({{"$time", v1::Value()}})}})), HasSubstr("$time"));
  EXPECT_THAT(
      Refusal(Object({{"j", Object({{"$time", Text("2026-09-07T02:00:00Z")}, {"x", Int(1)}})}})),
      HasSubstr("Braze would execute it"));
}

TEST(DecodeValue, RefusesKeysThatBrazeDoesNotSupport) {
  EXPECT_THAT(Refusal(Object({{"", Int(1)}})), HasSubstr("empty"));
  EXPECT_THAT(Refusal(Object({{"a b", Int(1)}})), HasSubstr("a space, a dot or $"));
  EXPECT_THAT(Refusal(Object({{"a.b", Int(1)}})), HasSubstr("a space, a dot or $"));
  EXPECT_THAT(Refusal(Object({{"a$b", Int(1)}})), HasSubstr("a space, a dot or $"));
  EXPECT_THAT(Refusal(Object({{"\xFF", Int(1)}})), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal(Object({{std::string(256, 'k'), Int(1)}})), HasSubstr("255 characters"));
  EXPECT_THAT(Refusal(Object({{"a", Int(1)}, {"a", Int(1)}})), HasSubstr("given twice"));
  Decoded(Object({{std::string(255, 'k'), Int(1)}}));
  Decoded(Object({{"\n\"\\", Int(1)}}));
}

TEST(DecodeValue, RefusesBadElements) {
  EXPECT_THAT(Refusal(List({v1::Value()})), HasSubstr("has no value"));
  EXPECT_THAT(Refusal(List({Text("\xFF")})), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal(List({Text(std::string(256, 'a'))})), HasSubstr("255 characters"));
  EXPECT_THAT(Refusal(List({Real(std::numeric_limits<double>::quiet_NaN())})),
              HasSubstr("not finite"));
  EXPECT_THAT(Refusal(List({Time(INT64_MIN)})), HasSubstr("years 1 to 9999"));
}

TEST(DecodeValue, EndsAtThirtyTwoLevels) {
  for (const bool objects : {false, true}) {
    EXPECT_THAT(Decoded(Nested(limits::kValueDepthMax, objects)), ::testing::Not(HasSubstr("ref")));
    EXPECT_THAT(Refusal(Nested(limits::kValueDepthMax + 1, objects)), HasSubstr("32 levels"));
    EXPECT_THAT(Refusal(Nested(200, objects)), HasSubstr("32 levels"));
  }
}

// A value at the limit fits what Protocol Buffers' own recursion limit lets through.
TEST(DecodeValue, TheDeepestValueSurvivesTheWire) {
  v1::StreamUpdatesRequest request;
  *request.mutable_batch()->add_updates() =
      Update({{"deep", Nested(limits::kValueDepthMax, true)}});
  v1::StreamUpdatesRequest parsed;
  EXPECT_TRUE(parsed.ParseFromString(request.SerializeAsString()));
}

TEST(DecodeValue, BoundsListsByTheirBytes) {
  v1::Value list = List({});
  for (int i = 0; i < 9'000; ++i) *list.mutable_list_value()->add_values() = Text("12345678");
  EXPECT_EQ(Decoded(list).size(), 9'000u * 11 + 1);
  for (int i = 0; i < 200'000; ++i) *list.mutable_list_value()->add_values() = Text("12345678");
  EXPECT_THAT(Refusal(list), HasSubstr("100,000 bytes"));
  EXPECT_EQ(GivenJson(list), "");
}

TEST(GivenJson, KeepsWhatWasGiven) {
  EXPECT_EQ(GivenJson(Real(std::numeric_limits<double>::quiet_NaN())), "NaN");
  EXPECT_EQ(GivenJson(Real(-std::numeric_limits<double>::infinity())), "-Infinity");
  EXPECT_EQ(GivenJson(Object({{"inc", Int(1)}})), "{\"inc\":1}");
  EXPECT_EQ(GivenJson(Text(std::string(300, 'a'))).size(), 302u);
  EXPECT_EQ(GivenJson(Object({{"j", Object({{"$time", Int(5)}})}})), "{\"j\":{\"$time\":5}}");
}

TEST(GivenJson, KeepsNothingRatherThanSomethingElse) {
  EXPECT_EQ(GivenJson(v1::Value()), "");
  EXPECT_EQ(GivenJson(Text("\xFF")), "");
  EXPECT_EQ(GivenJson(Text(std::string(100'000, 'a'))), "");
  EXPECT_EQ(GivenJson(Nested(limits::kValueDepthMax + 1, false)), "");
}

}  // namespace
}  // namespace peaksync
