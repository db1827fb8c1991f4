#include "server/api/encode_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "server/api/decode.h"
#include "server/api/decode_value.h"

namespace peaksync {
namespace {

v1::Value Encoded(const std::string& json) {
  v1::Value value;
  EXPECT_TRUE(EncodeValue(json, &value)) << json;
  return value;
}

TEST(EncodeValue, GivesBackWhatARejectionHasKept) {
  for (const std::string json :
       {"null", "true", "9007199254740993", "-9223372036854775808", "14.0", "0.1", R"("")",
        R"("zażółć \"x\"")", R"([1,2.5,"a",[true]])", R"({"a":{"b":[1]},"c":"d"})", "[]", "{}"}) {
    EXPECT_EQ(GivenJson(Encoded(json)), json);
  }
}

TEST(EncodeValue, KnowsTheWordsOfNumbersThatJsonHasNot) {
  EXPECT_TRUE(std::isnan(Encoded("NaN").double_value()));
  EXPECT_EQ(Encoded("Infinity").double_value(), INFINITY);
  EXPECT_EQ(Encoded("-Infinity").double_value(), -INFINITY);
}

TEST(EncodeValue, SaysWhenThereIsNone) {
  for (const std::string json : {"", "{", "1 2", "[NaN]", "\"\xff\""}) {
    v1::Value value;
    EXPECT_FALSE(EncodeValue(json, &value)) << json;
    EXPECT_EQ(value.kind_case(), v1::Value::KIND_NOT_SET) << json;
  }
}

TEST(EncodeCustomer, GivesBackEveryKindOfIdentifier) {
  for (const auto kind :
       {IdentifierKind::kExternalId, IdentifierKind::kBrazeId, IdentifierKind::kUserAlias,
        IdentifierKind::kEmail, IdentifierKind::kPhone}) {
    const Customer given{kind, "jo", kind == IdentifierKind::kUserAlias ? "crm" : ""};
    v1::Customer message;
    EncodeCustomer(given, &message);
    Customer back;
    EXPECT_EQ(DecodeCustomer(message, &back), std::nullopt);
    EXPECT_EQ(back, given);
  }
}

}  // namespace
}  // namespace peaksync
