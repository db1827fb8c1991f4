#include "server/ledger/outbox_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;

OutboxRow RowOfAllKinds() {
  OutboxRow row;
  row.customer = {IdentifierKind::kUserAlias, "jane", "crm"};
  row.source_id = 1'000;
  row.updated_at = -1;
  row.forced_since = 1'790'000'000'123'456'789;
  row.attempts = 3;
  std::uint32_t id = 0;
  for (const Value& value :
       {Value(), Value::Bool(true), Value::Integer(std::numeric_limits<std::int64_t>::min()),
        Value::Double(14.0), Value::Double(1e300), Value::Text("a \"quoted\" \xc3\xa9 text\n"),
        Value::Text(std::string(255, 'x')), Value::List("[1.0,\"a\"]", "[1,\"a\"]"),
        Value::Object(R"({"a":{"b":1.5}})", R"({"a":{"b":1.5}})")}) {
    ++id;
    row.attributes.push_back({id, id % 2 == 0, value});
  }
  return row;
}

std::string Packed(const OutboxRow& row) {
  std::string bytes;
  row.Pack(&bytes);
  return bytes;
}

TEST(OutboxRow, ReadsBackEveryKindOfValue) {
  const OutboxRow row = RowOfAllKinds();
  absl::StatusOr<OutboxRow> read = OutboxRow::Unpack(Packed(row));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->customer, row.customer);
  EXPECT_EQ(read->source_id, row.source_id);
  EXPECT_EQ(read->updated_at, row.updated_at);
  EXPECT_EQ(read->forced_since, row.forced_since);
  EXPECT_EQ(read->attempts, 3);
  ASSERT_EQ(read->attributes.size(), row.attributes.size());
  for (std::size_t i = 0; i < row.attributes.size(); ++i) {
    EXPECT_EQ(read->attributes[i].attribute_id, row.attributes[i].attribute_id);
    EXPECT_EQ(read->attributes[i].joined, row.attributes[i].joined);
    EXPECT_EQ(read->attributes[i].value.type(), row.attributes[i].value.type());
    EXPECT_EQ(read->attributes[i].value, row.attributes[i].value);
    EXPECT_EQ(read->attributes[i].value.json(), row.attributes[i].value.json());
  }
}

TEST(OutboxRow, ReadsBackEveryKindOfIdentifier) {
  for (const IdentifierKind kind :
       {IdentifierKind::kExternalId, IdentifierKind::kBrazeId, IdentifierKind::kUserAlias,
        IdentifierKind::kEmail, IdentifierKind::kPhone}) {
    OutboxRow row;
    row.customer = {kind, std::string("i\0d", 3), "l"};
    absl::StatusOr<OutboxRow> read = OutboxRow::Unpack(Packed(row));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->customer, row.customer);
  }
}

TEST(OutboxRow, RefusesAnIdentifierOfNoKind) {
  for (const int kind : {0, 6, 255}) {
    OutboxRow row;
    row.customer = {static_cast<IdentifierKind>(kind), "id", ""};
    EXPECT_THAT(OutboxRow::Unpack(Packed(row)),
                StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
  }
}

TEST(OutboxRow, FindsEveryTruncation) {
  const std::string bytes = Packed(RowOfAllKinds());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    absl::StatusOr<OutboxRow> read = OutboxRow::Unpack(bytes.substr(0, size));
    if (read.ok()) {  // Cut between two attributes.
      EXPECT_LT(read->attributes.size(), RowOfAllKinds().attributes.size());
    } else {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(OutboxRow, NeverCrashesOnGarbage) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const std::string whole = Packed(RowOfAllKinds());
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = whole;
    if (round % 2 == 0) {
      for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    } else {
      bytes.resize(1 + random() % 64);
      for (char& byte : bytes) byte = static_cast<char>(random());
      bytes[0] = 1;
    }
    absl::StatusOr<OutboxRow> read = OutboxRow::Unpack(bytes);
    if (!read.ok()) {
      ASSERT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace peaksync
