#include "client/place_book.h"

#include <gtest/gtest.h>

#include "client/limits.h"

namespace peaksync::client {
namespace {

void AddInvalid(std::int64_t sequence, int index, const char* field, v1::BatchAck* ack) {
  v1::InvalidUpdate* const invalid = ack->add_invalid();
  invalid->set_sequence(sequence);
  invalid->set_index(index);
  invalid->set_field(field);
  invalid->set_reason("bad");
}

TEST(PlaceBookTest, FindsTheLineOfAnUpdate) {
  PlaceBook book;
  book.Add(1, 2, "a");
  book.Add(1, 5, "b");
  book.Add(2, 6, "c");
  v1::BatchAck ack;
  AddInvalid(1, 1, "plan", &ack);
  AddInvalid(2, 0, "customer", &ack);
  const auto found = book.Find(ack, "id", "at");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].info.line, 5);
  EXPECT_EQ(found[0].info.column, "plan");
  EXPECT_EQ(found[0].text, "b");
  EXPECT_EQ(found[1].info.line, 6);
  EXPECT_EQ(found[1].info.column, "id");
}

TEST(PlaceBookTest, JoinsTheReasonsOfOneUpdate) {
  PlaceBook book;
  book.Add(1, 2, "");
  v1::BatchAck ack;
  AddInvalid(1, 0, "plan", &ack);
  AddInvalid(1, 0, "updated_at", &ack);
  const auto found = book.Find(ack, "id", "at");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].info.reason, "bad; at: bad");
}

TEST(PlaceBookTest, ForgetsTheOldestBatch) {
  PlaceBook book;
  const auto kept = static_cast<std::int64_t>(limits::kBatchesRememberedMax);
  for (std::int64_t sequence = 1; sequence <= kept + 1; ++sequence)
    book.Add(sequence, sequence, "");
  v1::BatchAck ack;
  AddInvalid(1, 0, "a", &ack);
  AddInvalid(2, 0, "a", &ack);
  AddInvalid(kept + 1, 0, "a", &ack);
  AddInvalid(kept + 1, 1, "a", &ack);
  const auto found = book.Find(ack, "id", "at");
  EXPECT_EQ(found.at(0).info.line, 0);
  EXPECT_EQ(found.at(1).info.line, 2);
  EXPECT_EQ(found.at(2).info.line, kept + 1);
  EXPECT_EQ(found.at(3).info.line, 0);
}

}  // namespace
}  // namespace peaksync::client
