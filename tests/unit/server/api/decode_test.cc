#include "server/api/decode.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/base/limits.h"
#include "tests/unit/server/api/decode_fixture.h"

namespace peaksync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kAhead = 600;  // Seconds.

PreparedUpdate Decode(const v1::CustomerUpdate& update, const TenantRules& rules = {}) {
  // The names in the result point into it.
  static auto& catalogs = *new std::vector<std::unique_ptr<AttributeCatalog>>();
  catalogs.push_back(std::make_unique<AttributeCatalog>("acme", rules));
  PreparedUpdate prepared =
      DecodeUpdate(update, 7, DecodeContext{*catalogs.back(), "churn-model", kNow - 5, kNow});
  EXPECT_EQ(prepared.received_values, static_cast<std::uint32_t>(update.attributes_size()));
  return prepared;
}

auto Is(const std::string& name, const std::string& json) {
  return AllOf(Field(&AttributeValue::name, name),
               ::testing::ResultOf([](const AttributeValue& v) { return v.value.json(); }, json));
}

auto IsInvalid(const std::string& name, const std::string& json, const std::string& reason) {
  return AllOf(Field(&InvalidValue::name, name), Field(&InvalidValue::json, json),
               Field(&InvalidValue::reason, HasSubstr(reason)),
               Field(&InvalidValue::whole_update, false));
}

auto IsFault(const std::string& name, const std::string& reason) {
  return AllOf(Field(&InvalidValue::name, name), Field(&InvalidValue::reason, HasSubstr(reason)),
               Field(&InvalidValue::whole_update, true));
}

TEST(DecodeUpdate, GivesTheCustomerTimeAndValues) {
  v1::CustomerUpdate update = Update({{"churn", Real(0.5)}, {"plan", Text("gold")}});
  update.mutable_updated_at()->set_seconds(kNowSeconds - 60);
  update.mutable_updated_at()->set_nanos(9);
  const PreparedUpdate prepared = Decode(update);
  EXPECT_EQ(prepared.index, 7u);
  EXPECT_EQ(prepared.customer->id, "c1");
  EXPECT_EQ(prepared.customer_key, prepared.customer->Key());
  EXPECT_EQ(prepared.updated_at, kNow - 60'000'000'000 + 9);
  EXPECT_THAT(prepared.values, ElementsAre(Is("churn", "0.5"), Is("plan", "\"gold\"")));
  EXPECT_THAT(prepared.invalid, IsEmpty());
}

TEST(DecodeUpdate, KeepsNullAbsentEmptyZeroAndFalseApart) {
  const PreparedUpdate prepared = Decode(
      Update({{"null", Null()}, {"empty", Text("")}, {"zero", Int(0)}, {"false", Bool(false)}}));
  EXPECT_THAT(prepared.values, ElementsAre(Is("null", "null"), Is("empty", "\"\""), Is("zero", "0"),
                                           Is("false", "false")));
}

TEST(DecodeUpdate, MayHaveNothingToDo) {
  const PreparedUpdate prepared = Decode(Update({}));
  EXPECT_TRUE(prepared.customer.has_value());
  EXPECT_THAT(prepared.values, IsEmpty());
  EXPECT_THAT(prepared.invalid, IsEmpty());
}

TEST(DecodeUpdate, TakesTheRunsTimeWhereThereIsNone) {
  EXPECT_EQ(Decode(Update({{"a", Int(1)}})).updated_at, kNow - 5);
}

TEST(DecodeUpdate, TakesTimesUpToTenMinutesAhead) {
  v1::CustomerUpdate update = Update({{"a", Int(1)}});
  update.mutable_updated_at()->set_seconds(kNowSeconds + kAhead);
  EXPECT_THAT(Decode(update).values, SizeIs(1));
  update.mutable_updated_at()->set_nanos(1);
  const PreparedUpdate prepared = Decode(update);
  EXPECT_TRUE(prepared.customer.has_value());
  EXPECT_THAT(prepared.values, IsEmpty());
  EXPECT_THAT(prepared.invalid, ElementsAre(IsFault("updated_at", "10 minutes ahead"),
                                            IsInvalid("a", "1", "10 minutes ahead")));
  // Its own: a retry must not send it as if it were of now.
  EXPECT_EQ(prepared.updated_at, (kNowSeconds + kAhead) * 1'000'000'000 + 1);
}

TEST(DecodeUpdate, RefusesTimesThatCanNotBeKept) {
  v1::CustomerUpdate update = Update({{"a", Int(1)}});
  auto& time = *update.mutable_updated_at();
  for (const std::int64_t seconds :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-9'214'560'001},
        std::int64_t{9'223'372'036}, std::numeric_limits<std::int64_t>::max()}) {
    time.set_seconds(seconds);
    EXPECT_THAT(Decode(update).invalid,
                ElementsAre(IsFault("updated_at", "years 1678 to 2262"), IsInvalid("a", "1", "")));
  }
  time.set_seconds(-9'214'560'000);
  EXPECT_THAT(Decode(update).values, SizeIs(1));
  time.set_nanos(-1);
  EXPECT_THAT(Decode(update).invalid[0], IsFault("updated_at", "nanos"));
  time.set_nanos(1'000'000'000);
  EXPECT_THAT(Decode(update).invalid[0], IsFault("updated_at", "nanos"));
}

TEST(DecodeUpdate, InvalidValuesLeaveTheirNeighboursAlone) {
  const PreparedUpdate prepared = Decode(Update({{"good", Int(1)},
                                                 {"nan", Real(std::nan(""))},
                                                 {"ops", Object({{"inc", Int(1)}})},
                                                 {"_x", Int(2)},
                                                 {"", Int(3)},
                                                 {"none", v1::Value()},
                                                 {"also_good", Int(4)}}));
  EXPECT_THAT(prepared.values, ElementsAre(Is("good", "1"), Is("also_good", "4")));
  EXPECT_THAT(prepared.invalid,
              ElementsAre(IsInvalid("nan", "NaN", "not finite"),
                          IsInvalid("ops", "{\"inc\":1}", "Braze would execute it"),
                          IsInvalid("_x", "2", "begin with _"), IsInvalid("", "3", "no name"),
                          IsInvalid("none", "", "has no value")));
}

TEST(DecodeUpdate, AppliesTheConfiguration) {
  TenantRules rules;
  rules.accept_unlisted_attributes = false;
  rules.attributes["p"] = {"churn", RuleType::kDouble, {{0, 1}}, 4, {}, ""};
  rules.attributes["n"] = {"", {}, {{0, 9}}, {}, {}, ""};
  rules.attributes["theirs"].source = "other-model";
  const PreparedUpdate prepared = Decode(
      Update({{"p", Real(0.123456)}, {"n", Int(10)}, {"theirs", Int(1)}, {"new", Int(2)}}), rules);
  EXPECT_THAT(prepared.values, ElementsAre(Is("churn", "0.1235")));
  EXPECT_THAT(prepared.invalid,
              ElementsAre(IsInvalid("n", "10", "out of range"),
                          IsInvalid("theirs", "1", "only the source other-model"),
                          IsInvalid("new", "2", "[tenants.acme.attributes.new]")));
}

TEST(DecodeUpdate, KeepsARefusedValueAsItWasGiven) {
  TenantRules rules;
  rules.attributes["p"] = {"", RuleType::kDouble, {{0, 1}}, 1, {}, ""};
  EXPECT_THAT(Decode(Update({{"p", Real(1.23456)}}), rules).invalid,
              ElementsAre(IsInvalid("p", "1.23456", "out of range")));
}

TEST(DecodeUpdate, RefusesBothOfANameGivenTwice) {
  EXPECT_THAT(Decode(Update({{"a", Int(1)}, {"b", Int(2)}, {"a", Int(3)}})).invalid,
              ElementsAre(IsInvalid("a", "1", "named twice"), IsInvalid("a", "3", "named twice")));
  v1::CustomerUpdate many = Update({});
  for (int i = 0; i < 40; ++i) {
    v1::Attribute* attribute = many.add_attributes();
    attribute->set_name("a" + std::to_string(i % 39));
    attribute->mutable_value()->set_int64_value(i);
  }
  EXPECT_THAT(Decode(many).invalid, ElementsAre(IsInvalid("a0", "0", "named twice"),
                                                IsInvalid("a0", "39", "named twice")));
}

TEST(DecodeUpdate, ProfileFieldsGoThroughOnlyWhenListed) {
  const v1::CustomerUpdate update = Update({{"email_subscribe", Text("opted_in")}});
  EXPECT_THAT(Decode(update).invalid,
              ElementsAre(IsInvalid("email_subscribe", "\"opted_in\"", "profile field")));
  TenantRules rules;
  rules.attributes["email_subscribe"];
  EXPECT_THAT(Decode(update, rules).values, SizeIs(1));
}

TEST(DecodeUpdate, AnIdentifierIsNoAttributeOfTheSameCustomer) {
  TenantRules rules;
  rules.attributes["email"];
  v1::CustomerUpdate update = Update({{"email", Text("new@example.com")}});
  EXPECT_THAT(Decode(update, rules).values, SizeIs(1));
  update.mutable_customer()->set_phone("+491");
  EXPECT_THAT(Decode(update, rules).invalid,
              ElementsAre(IsInvalid("email", "\"new@example.com\"", "another identifier")));
}

TEST(DecodeUpdate, TakesTwoHundredAndFiftyAttributes) {
  v1::CustomerUpdate update = Update({});
  for (int i = 0; i < limits::kUpdateAttributesMax; ++i) {
    v1::Attribute* attribute = update.add_attributes();
    attribute->set_name("a" + std::to_string(i));
    attribute->mutable_value()->set_int64_value(i);
  }
  EXPECT_THAT(Decode(update).values, SizeIs(limits::kUpdateAttributesMax));
  update.add_attributes()->set_name("one_more");
  const PreparedUpdate prepared = Decode(update);
  EXPECT_THAT(prepared.values, IsEmpty());
  EXPECT_THAT(prepared.invalid, SizeIs(1 + limits::kUpdateAttributesMax));
  EXPECT_THAT(prepared.invalid[0], IsFault("attributes", "has 251 attributes; at most 250"));
  EXPECT_THAT(prepared.invalid[1], IsInvalid("a0", "0", "at most 250"));
}

TEST(DecodeUpdate, BoundsTheBytesOfTheWholeUpdate) {
  v1::CustomerUpdate update = Update({});
  for (int i = 0; i < 11; ++i) {
    v1::Attribute* attribute = update.add_attributes();
    attribute->set_name("a" + std::to_string(i));
    for (int j = 0; j < 380; ++j) {
      attribute->mutable_value()->mutable_list_value()->add_values()->set_string_value(
          std::string(250, 'x'));
    }
  }
  const PreparedUpdate prepared = Decode(update);
  EXPECT_THAT(prepared.values, IsEmpty());
  EXPECT_THAT(prepared.invalid, SizeIs(12));
  EXPECT_THAT(prepared.invalid[0], IsFault("attributes", "1,000,000 bytes"));
  update.mutable_attributes()->RemoveLast();
  EXPECT_THAT(Decode(update).values, SizeIs(10));
}

TEST(DecodeUpdate, ShortensNamesThatCanNotBeKept) {
  std::string accents = "x";
  for (int i = 0; i < 300; ++i) accents += "é";
  const PreparedUpdate prepared = Decode(Update({{accents, Int(1)}, {"a\xFF", Int(2)}}));
  ASSERT_THAT(prepared.invalid, SizeIs(2));
  EXPECT_EQ(prepared.invalid[0].name, accents.substr(0, 255) + "…");
  EXPECT_EQ(prepared.invalid[1].name, "a\\xff");
}

TEST(CheckBatch, BoundsUpdatesAndBytes) {
  v1::UpdateBatch batch;
  EXPECT_THAT(CheckBatch(batch), ::testing::Optional(HasSubstr("no updates")));
  for (int i = 0; i < limits::kBatchUpdatesMax; ++i) *batch.add_updates() = Update({});
  EXPECT_EQ(CheckBatch(batch), std::nullopt);
  batch.add_updates();
  EXPECT_THAT(CheckBatch(batch),
              ::testing::Optional(HasSubstr("5001 updates; at most 5000 are allowed")));
  batch.Clear();
  batch.add_updates()->mutable_customer()->set_external_id(std::string(4 << 20, 'x'));
  EXPECT_THAT(CheckBatch(batch), ::testing::Optional(HasSubstr("at most 4194304")));
}

}  // namespace
}  // namespace peaksync
