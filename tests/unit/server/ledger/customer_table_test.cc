// The table customers through its copy in memory: the same answers, whatever was copied when.
#include "server/ledger/customer_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/limits.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync::testing {
namespace {

constexpr int kCustomers = 2'000;
constexpr std::int64_t kRoomForAll = 1 << 20;

class CustomerTableTest : public ::testing::Test {
 protected:
  CustomerTableTest() : store_(*LedgerStore::Open(dir_.File("acme.db"))) {}

  void SetUp() override {
    ASSERT_THAT(store_.Begin(), IsOk());
    for (int i = 0; i < kCustomers; ++i) Write(i, Bucket(i, "first"));
    ASSERT_THAT(store_.Commit(), IsOk());
  }
  void UseRoom(std::int64_t copy_bytes_max) { table_.emplace(store_, copy_bytes_max); }

  // Of all shards, in no order.
  static CustomerHash Hash(int i) { return HashOf("customer " + std::to_string(i)); }
  static std::string Bucket(int i, const std::string& word) {
    return word + " of " + std::to_string(i) + std::string(60, '.');
  }
  void Write(int i, const std::string& bucket) {
    expected_[i] = bucket;
    ASSERT_THAT(table_->Write(Hash(i), bucket), IsOk());
  }
  std::string Read(int i) { return std::string(table_->Read(Hash(i)).value()); }
  void ExpectAll() {
    for (const auto& [i, bucket] : expected_) {
      EXPECT_EQ(Read(i), bucket);
      EXPECT_EQ(store_.ReadCustomer(Hash(i)).value(), bucket);
    }
    EXPECT_EQ(Read(-1), "") << "nobody";
  }
  // Until the copy is due.
  void LookUp() {
    const std::int64_t pages = *store_.Pages();
    for (int i = 0; i < pages; ++i) ASSERT_THAT(table_->Read(Hash(i)), IsOk());
  }
  void Copy() {
    LookUp();
    for (std::size_t i = 0; i < StateOverlay::kShards; ++i) {
      ASSERT_THAT(table_->CopySlice(), IsOk());
    }
  }

  TempDir dir_;
  LedgerStore store_;
  std::optional<CustomerTable> table_{std::in_place, store_, kRoomForAll};
  std::map<int, std::string> expected_;
};

TEST_F(CustomerTableTest, IsCopiedOnceAsManyWereLookedUpAsTheFileHasPages) {
  const std::int64_t pages = *store_.Pages();
  for (int i = 0; i < pages; ++i) {
    ASSERT_THAT(table_->CopySlice(), IsOk());
    EXPECT_EQ(table_->copy_bytes(), 0) << "after " << i << " look-ups";
    ASSERT_THAT(table_->Read(Hash(i)), IsOk());
  }
  ASSERT_THAT(table_->CopySlice(), IsOk());
  EXPECT_GT(table_->copy_bytes(), 0);
  EXPECT_FALSE(table_->is_copied()) << "not all at once";
  Copy();
  EXPECT_TRUE(table_->is_copied());
  ExpectAll();
}

TEST_F(CustomerTableTest, LooksNothingUpInTheFileOnceItIsCopied) {
  Copy();
  ASSERT_TRUE(table_->is_copied());
  ASSERT_THAT(store_.WriteCustomer(Hash(7), "past the table"), IsOk());
  EXPECT_EQ(Read(7), expected_[7]);
}

TEST_F(CustomerTableTest, WhatIsWrittenBeforeWhileAndAfterItIsCopiedIsRead) {
  LookUp();
  for (std::size_t shard = 0; shard < StateOverlay::kShards; ++shard) {
    const int i = static_cast<int>(shard);
    Write(i, Bucket(i, "second, which is longer"));
    Write(kCustomers + i, Bucket(i, "new"));
    ASSERT_THAT(table_->CopySlice(), IsOk());
    EXPECT_EQ(Read(i), expected_[i]);
  }
  ExpectAll();
  ASSERT_TRUE(table_->is_copied());
  for (int i = 0; i < kCustomers; i += 3) Write(i, Bucket(i, "3rd"));
  ExpectAll();
}

class CustomerTableAhead : public CustomerTableTest {
 protected:
  void ReadAhead(std::vector<CustomerHash> hashes) {
    std::ranges::sort(hashes);
    ASSERT_THAT(table_->ReadAhead(hashes), IsOk());
  }
};

TEST_F(CustomerTableAhead, WhatIsReadAheadIsNotReadFromTheFileAgain) {
  ReadAhead({Hash(7), Hash(-1), Hash(8)});
  ASSERT_THAT(store_.WriteCustomer(Hash(7), "past the table"), IsOk());
  ASSERT_THAT(store_.WriteCustomer(Hash(-1), "past the table"), IsOk());
  ASSERT_THAT(store_.WriteCustomer(Hash(9), "past the table"), IsOk());
  EXPECT_EQ(Read(7), expected_[7]);
  EXPECT_EQ(Read(8), expected_[8]);
  EXPECT_EQ(Read(-1), "") << "nobody, and that is known";
  EXPECT_EQ(Read(9), "past the table");
}

TEST_F(CustomerTableAhead, WhatIsWrittenIsRead) {
  ReadAhead({Hash(7), Hash(8), Hash(kCustomers)});
  Write(7, Bucket(7, "second"));
  Write(kCustomers, Bucket(kCustomers, "new"));
  ExpectAll();
}

TEST_F(CustomerTableAhead, OnlyTheLastCallCounts) {
  ReadAhead({Hash(7)});
  ReadAhead({Hash(8)});
  ASSERT_THAT(store_.WriteCustomer(Hash(7), "past the table"), IsOk());
  EXPECT_EQ(Read(7), "past the table");
  EXPECT_EQ(Read(8), expected_[8]);
  table_->Clear();
  ASSERT_THAT(store_.WriteCustomer(Hash(8), "past the table"), IsOk());
  EXPECT_EQ(Read(8), "past the table");
}

TEST_F(CustomerTableAhead, NoMoreIsReadAheadThanMemoryMayHold) {
  constexpr int kLarge = 40;
  std::vector<CustomerHash> hashes;
  for (int i = 0; i < kLarge; ++i) {
    Write(i, std::string(limits::kReadAheadBytesMax / 32, 'x'));
    hashes.push_back(Hash(i));
  }
  ReadAhead(hashes);
  ExpectAll();
  std::ranges::sort(hashes);
  ASSERT_THAT(store_.WriteCustomer(hashes.front(), "past the table"), IsOk());
  ASSERT_THAT(store_.WriteCustomer(hashes.back(), "past the table"), IsOk());
  EXPECT_NE(*table_->Read(hashes.front()), "past the table");
  EXPECT_EQ(*table_->Read(hashes.back()), "past the table");
}

TEST_F(CustomerTableTest, ATableThatIsTooLargeIsReadFromTheFile) {
  UseRoom(100'000);
  Copy();
  EXPECT_FALSE(table_->is_copied());
  EXPECT_EQ(table_->copy_bytes(), 0);
  ExpectAll();
  UseRoom(0);
  Copy();
  EXPECT_FALSE(table_->is_copied());
  ExpectAll();
}

TEST_F(CustomerTableTest, ATableThatGrowsTooLargeIsCopiedNoMore) {
  UseRoom(400'000);
  Copy();
  ASSERT_TRUE(table_->is_copied());
  ASSERT_THAT(store_.Begin(), IsOk());
  for (int i = kCustomers; table_->is_copied(); ++i) {
    EXPECT_LE(table_->copy_bytes(), 400'000);
    Write(i, Bucket(i, "new"));
    ASSERT_LT(i, 10 * kCustomers);
  }
  ASSERT_THAT(store_.Commit(), IsOk());
  EXPECT_EQ(table_->copy_bytes(), 0);
  ExpectAll();
  Copy();
  EXPECT_FALSE(table_->is_copied());
}

// Memory would hold them twice otherwise, while they are folded.
TEST_F(CustomerTableTest, IsNotKeptWhenMoreIsComingThanItCanHold) {
  UseRoom(400'000);
  Copy();
  table_->Expect(400'000);
  EXPECT_TRUE(table_->is_copied());
  table_->Expect(400'001);
  EXPECT_EQ(table_->copy_bytes(), 0);
  Copy();
  EXPECT_FALSE(table_->is_copied());
  ExpectAll();
}

TEST_F(CustomerTableTest, KnowsNothingOfWhatWasRolledBack) {
  Copy();
  ASSERT_THAT(store_.Begin(), IsOk());
  ASSERT_THAT(table_->Write(Hash(3), "never was"), IsOk());
  store_.Rollback();
  table_->Clear();
  ExpectAll();
  Copy();
  EXPECT_TRUE(table_->is_copied());
  ExpectAll();
}

}  // namespace
}  // namespace peaksync::testing
