#include "server/ledger/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::ElementsAre;

// A bucket with one customer.
std::string Bucket(const std::string& state) {
  std::string bucket;
  PutInBucket({}, "key", state, &bucket);
  return bucket;
}

class Shown : public JournalVisitor {
 public:
  void Settled(OutboxId id) override { entries.push_back("settled " + std::to_string(id)); }
  void Settled(OutboxId id, std::uint32_t attribute_id) override {
    entries.push_back("settled " + std::to_string(id) + "." + std::to_string(attribute_id));
  }
  void State(CustomerHash hash, std::string_view bucket) override {
    entries.push_back("state " + std::to_string(hash) + " " +
                      std::string(*FindInBucket(bucket, "key")));
  }
  void Touched(CustomerHash hash, const Touch& touch) override {
    entries.push_back("touched " + std::to_string(hash) + " at " +
                      std::to_string(touch.updated_at) + " by " + std::to_string(touch.source_id));
  }
  void SentUpTo(OutboxId id) override { entries.push_back("sent up to " + std::to_string(id)); }
  std::vector<std::string> entries;
};

std::string Filled() {
  JournalWriter writer;
  writer.Settled(9'000'000'000);
  writer.State((CustomerHash{1} << kCustomerHashBits) - 1, Bucket("gold"));
  writer.Touched(0, {-5, 3});
  writer.Touched(7, {-5, 3});
  writer.Settled(2, 1'000);
  writer.Touched(7, {6, 4});
  writer.SentUpTo(JournalWriter::kAnythingSent);
  return std::string(writer.payload());
}

TEST(Journal, ReadsBackEveryEntryInItsOrder) {
  Shown shown;
  ASSERT_THAT(ReadJournal(Filled(), shown), IsOk());
  EXPECT_THAT(shown.entries,
              ElementsAre("settled 9000000000", "state 4398046511103 gold", "touched 0 at -5 by 3",
                          "touched 7 at -5 by 3", "settled 2.1000", "touched 7 at 6 by 4",
                          "sent up to 9223372036854775807"));
}

TEST(Journal, BeginsAnewAfterClear) {
  JournalWriter writer;
  EXPECT_TRUE(writer.empty());
  for (int i = 0; i < 2; ++i) {
    writer.Settled(5);
    writer.Touched(1, {2, 3});
    Shown shown;
    ASSERT_THAT(ReadJournal(writer.payload(), shown), IsOk());
    EXPECT_THAT(shown.entries, ElementsAre("settled 5", "touched 1 at 2 by 3"));
    writer.Clear();
    EXPECT_TRUE(writer.empty());
  }
}

TEST(Journal, RefusesWhatIsCutOrForeign) {
  Shown shown;
  const auto damaged = StatusIs(absl::StatusCode::kDataLoss, ::testing::HasSubstr("journal"));
  EXPECT_THAT(ReadJournal("", shown), damaged);
  EXPECT_THAT(ReadJournal("\x02", shown), damaged);
  EXPECT_THAT(ReadJournal("\x01\x09", shown), damaged);
  EXPECT_THAT(ReadJournal(std::string("\x01\x03\0\0\0\0\0\0\0", 9), shown), damaged) << "no bucket";
  const std::string whole = Filled();
  int read = 0;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    read += ReadJournal(whole.substr(0, size), shown).ok() ? 1 : 0;
  }
  EXPECT_EQ(read, 9) << "between entries only";
}

}  // namespace
}  // namespace peaksync
