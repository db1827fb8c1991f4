#include "server/ledger/customer_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "server/ledger/codec.h"
#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<Value> ValuesOfAllKinds() {
  std::vector<Value> values = {
      Value(),
      Value::Bool(true),
      Value::Bool(false),
      Value::Integer(0),
      Value::Integer(std::numeric_limits<std::int64_t>::min()),
      Value::Integer(std::numeric_limits<std::int64_t>::max()),
      Value::Integer(9007199254740993),
      Value::Double(0.1),
      Value::Double(-0.0),
      Value::Double(5e-324),
      Value::Double(1.7976931348623157e308),
      Value::Text(""),
      Value::Text("gold"),
      Value::Text(std::string(62, 'x')),  // With its quotes just short.
      Value::Text(std::string(63, 'x')),  // Just long.
      Value::Text(std::string(255, 'x')),
      Value::List("[1,2]", "[1,2]"),
      Value::Object(R"({"a":1.0})", R"({"a":1})"),
  };
  return values;
}

// One attribute each; times, sources and epochs repeat so that stamps are shared.
CustomerState StateOfAllKinds() {
  CustomerState state;
  std::uint32_t id = 0;
  for (const Value& value : ValuesOfAllKinds()) {
    KnownAttribute& attribute = state.At(++id);
    attribute.value = KnownValue::Of(value);
    attribute.updated_at = id % 3 == 0 ? -1'000'000'001 : 1'790'000'000'123'456'789;
    attribute.confirmed_at = 1'790'000'000'456'000'000 + id % 2;
    attribute.source_id = id % 2;
    attribute.epoch = id % 4 == 0 ? std::numeric_limits<std::uint64_t>::max() : 0;
  }
  KnownAttribute& unknown = state.At(1'000);
  unknown.value = KnownValue::Unknown();
  unknown.updated_at = std::numeric_limits<std::int64_t>::min();
  return state;
}

absl::StatusOr<CustomerState> Read(std::string_view bytes) {
  CustomerState state;
  const absl::Status read = CustomerState::Unpack(bytes, &state);
  if (!read.ok()) return read;
  return state;
}

std::string Packed(const CustomerState& state) {
  std::string bytes;
  state.Pack(&bytes);
  return bytes;
}

TEST(CustomerState, ReadsBackEveryKindOfValue) {
  const CustomerState state = StateOfAllKinds();
  absl::StatusOr<CustomerState> read = Read(Packed(state));
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->attributes.size(), state.attributes.size());
  const std::vector<Value> values = ValuesOfAllKinds();
  for (std::size_t i = 0; i < state.attributes.size(); ++i) {
    const KnownAttribute& known = read->attributes[i];
    EXPECT_EQ(known.attribute_id, state.attributes[i].attribute_id);
    EXPECT_EQ(known.updated_at, state.attributes[i].updated_at);
    EXPECT_EQ(known.source_id, state.attributes[i].source_id);
    EXPECT_EQ(known.epoch, state.attributes[i].epoch);
    for (std::size_t other = 0; i < values.size() && other < values.size(); ++other) {
      EXPECT_EQ(SameValue(known.value, values[other], std::nullopt), values[i] == values[other])
          << values[i].json() << " and " << values[other].json();
    }
  }
  EXPECT_TRUE(read->attributes.back().value.unknown);
}

TEST(CustomerState, KeepsTheTimeOfConfirmationInMilliseconds) {
  absl::StatusOr<CustomerState> read = Read(Packed(StateOfAllKinds()));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->Find(1)->confirmed_at, 1'790'000'000'456'000'000);
}

TEST(CustomerState, KeepsLongTextsAsFingerprintsOnly) {
  CustomerState state;
  state.At(1).value = KnownValue::Of(Value::Text(std::string(255, 'x')));
  EXPECT_LT(Packed(state).size(), 40u);
  absl::StatusOr<CustomerState> read = Read(Packed(state));
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->Find(1)->value.is_fingerprint);
}

TEST(CustomerState, SharesTheStampOfAttributesConfirmedTogether) {
  CustomerState state;
  for (std::uint32_t id = 1; id <= 10; ++id) {
    KnownAttribute& attribute = state.At(id);
    attribute.value = KnownValue::Of(Value::Bool(true));
    attribute.updated_at = attribute.confirmed_at = 1'790'000'000'000'000'000;
  }
  EXPECT_LT(Packed(state).size(), 50u);
}

TEST(CustomerState, AnUnknownValueEqualsNothing) {
  for (const Value& value : ValuesOfAllKinds()) {
    EXPECT_FALSE(SameValue(KnownValue::Unknown(), value, std::nullopt)) << value.json();
    EXPECT_EQ(Difference(KnownValue::Unknown(), value, std::nullopt), std::nullopt);
  }
}

TEST(CustomerState, IsEmptyWithoutAttributes) {
  absl::StatusOr<CustomerState> read = Read(Packed(CustomerState()));
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->attributes.empty());
}

// A row cut between two attributes reads as the shorter row that it is; SQLite keeps its length.
TEST(CustomerState, FindsEveryTruncation) {
  const CustomerState whole = StateOfAllKinds();
  const std::string bytes = Packed(whole);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    absl::StatusOr<CustomerState> read = Read(bytes.substr(0, size));
    if (!read.ok()) {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cannot be read")));
      continue;
    }
    ASSERT_LT(read->attributes.size(), whole.attributes.size()) << size;
    for (std::size_t i = 0; i < read->attributes.size(); ++i) {
      ASSERT_EQ(read->attributes[i].attribute_id, whole.attributes[i].attribute_id);
    }
  }
  EXPECT_THAT(Read(""), StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
}

TEST(CustomerState, RefusesAnotherFormatAndUnknownTags) {
  std::string bytes = Packed(StateOfAllKinds());
  bytes[0] = 2;
  EXPECT_THAT(Read(bytes), StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
  CustomerState state;
  state.At(1);
  bytes = Packed(state);
  bytes.back() = 99;
  EXPECT_THAT(Read(bytes), StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
}

TEST(CustomerState, RefusesNumbersThatAreNone) {
  for (const double real :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CustomerState state;
    state.At(1).value.type = ValueType::kNumber;
    state.At(1).value.real = real;
    EXPECT_THAT(Read(Packed(state)), StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
  }
}

TEST(CustomerState, NeverCrashesOnGarbage) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const std::string whole = Packed(StateOfAllKinds());
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = whole;
    if (round % 2 == 0) {  // Damaged.
      for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    } else {  // Nothing of ours but the first byte.
      bytes.resize(1 + random() % 64);
      for (char& byte : bytes) byte = static_cast<char>(random());
      bytes[0] = 1;
    }
    absl::StatusOr<CustomerState> read = Read(bytes);
    if (!read.ok()) {
      ASSERT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
      continue;
    }
    for (const KnownAttribute& known : read->attributes) {
      (void)SameValue(known.value, Value::Double(0.5), 2);
      (void)Difference(known.value, Value::Integer(1), 2);
    }
  }
}

}  // namespace
}  // namespace peaksync
