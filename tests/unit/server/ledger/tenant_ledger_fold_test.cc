// What was confirmed is known, wherever it lies: in the journal, half folded, or in the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kCustomers = 50;

class TenantLedgerFold : public TenantLedgerTest {
 protected:
  void SetUp() override {
    fold_slice_ = 1;
    TenantLedgerTest::SetUp();
  }
  static std::vector<Update> All(int value) {
    std::vector<Update> updates;
    for (int i = 0; i < kCustomers; ++i) {
      updates.push_back({"c" + std::to_string(i), {{"a", value}, {"b", "x"}}});
    }
    return updates;
  }
  // Of a push of the same values: all are unchanged.
  void ExpectKnown(int value, int hour) {
    EXPECT_THAT(Values(Push(All(value), At(hour))),
                CountsAre(ValueCounts{.unchanged = 2 * kCustomers}));
    EXPECT_THAT(LeaseAll(), IsEmpty());
  }
  // Slices of one row each; false: the fold has ended before.
  bool FoldSlices(int slices) {
    for (int i = 0; i < slices; ++i) {
      if (!ledger_->FoldIdle()) return false;
    }
    return true;
  }
};

TEST_F(TenantLedgerFold, KnowsEverythingAtEachStepOfAFoldAndAfterACrashInIt) {
  Push(All(1), At(1));
  Confirm();
  int steps = 0;
  for (int slices = 1; FoldSlices(slices); slices += 7) {
    ExpectKnown(1, 1);
    Reopen();  // And the fold begins again.
    ExpectKnown(1, 1);
    ++steps;
  }
  EXPECT_GE(steps, kCustomers / 7);
  ExpectKnown(1, 1);
  Reopen();
  EXPECT_FALSE(ledger_->FoldIdle()) << "all is in the table";
  ExpectKnown(1, 1);
}

TEST_F(TenantLedgerFold, WhatIsWrittenWhileAFoldGoesIsNewer) {
  Push(All(1), At(1));
  Confirm();
  ASSERT_TRUE(FoldSlices(kCustomers / 2));
  Push(All(2), At(2));
  Confirm();
  FoldAll();
  ExpectKnown(2, 2);
  Reopen();
  ExpectKnown(2, 2);
  FoldAll();
  Reopen();
  ExpectKnown(2, 2);
}

// Rule 5: a newer time of an equal value is remembered, whether its row was folded or not.
TEST_F(TenantLedgerFold, TimesOfUnchangedValuesAreKeptOverFolds) {
  Push(All(1), At(1));
  Confirm();
  for (const int hour : {3, 6, 9}) {
    ExpectKnown(1, hour);
    if (hour == 6) FoldAll();
    if (hour == 9) {
      ASSERT_TRUE(FoldSlices(kCustomers / 2));
    }
    if (hour != 9) Reopen();
    EXPECT_THAT(Values(Push(All(2), At(hour - 1))),
                CountsAre(ValueCounts{.unchanged = kCustomers, .stale = kCustomers}));
    EXPECT_THAT(Values(Push({{"c1", {{"b", "y"}}}}, At(hour - 1))),
                CountsAre(ValueCounts{.stale = 1}));
  }
}

// Only the values that were predicted again have the newer time.
TEST_F(TenantLedgerFold, ATimeOfOneValueIsNotThatOfTheOthers) {
  Push({{"jo", {{"a", 1}, {"b", 1}}}}, At(1));
  Confirm();
  Push({{"jo", {{"a", 1}}}}, At(5));
  FoldAll();
  Reopen();
  EXPECT_THAT(Values(Push({{"jo", {{"a", 2}}}}, At(3))), CountsAre(ValueCounts{.stale = 1}));
  Push({{"jo", {{"b", 2}}}}, At(3));
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.b=2"));
}

// The outbox's chunk is written anew without what was settled, while the rest of it waits.
TEST_F(TenantLedgerFold, WhatWaitsStaysPendingOverFoldsAndCrashes) {
  const std::string run = Push(All(1), At(1));
  Objects sent = LeaseAll();
  Objects late;
  late.push_back(std::move(sent.back()));
  sent.pop_back();
  Settle(sent, Kind::kConfirmed);
  for (int round = 0; round < 3; ++round) {
    if (round != 0) FoldAll();
    EXPECT_THAT(Values(run), CountsAre(ValueCounts{.confirmed = 2 * kCustomers - 2, .pending = 2}));
    Reopen();
  }
  EXPECT_EQ(Confirm(), 1u);
  EXPECT_EQ(RunOf(run).state, RunState::kCompleted);
  FoldAll();
  Reopen();
  EXPECT_THAT(LeaseAll(), IsEmpty());
  ExpectKnown(1, 1);
}

// One value of an update is settled before the other.
TEST_F(TenantLedgerFold, HalfAnUpdateStaysPendingOverFoldsAndCrashes) {
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  PushTo(run, {{"jo", {{"a", 2}, {"b", 1}}}}, At(2));
  PushTo(run, {{"jo", {{"a", 1}}}}, At(3));  // Cancels out with the 2.
  const ValueCounts counts{.unchanged = 1, .superseded = 1, .confirmed = 1, .pending = 1};
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(Values(run), CountsAre(counts));
    if (round == 1) FoldAll();
    Reopen();
    ASSERT_THAT(TryResume(run), IsOk());
  }
  EXPECT_THAT(Shown(LeaseAll()), ElementsAre("jo.b=1"));
}

TEST_F(TenantLedgerFold, BeginsByItselfWhenEnoughIsUnfolded) {
  fold_customers_ = kCustomers;
  Reopen();
  Push(All(1), At(1));
  Confirm();
  for (int i = 0; i < 3 * kCustomers; ++i) (void)InGroup([] { return true; });
  Reopen();
  EXPECT_FALSE(ledger_->FoldIdle()) << "all is in the table";
  ExpectKnown(1, 1);
}

// Rule 12: few customers that change all the time make a journal as long as many.
TEST_F(TenantLedgerFold, BeginsByItselfWhenTheJournalIsLong) {
  const auto begins_within = [&](int pushes) {
    bool folds = false;
    for (; pushes > 0 && !folds; --pushes) {
      Push(All(pushes), At(100 - pushes));
      Confirm();
      folds = ledger_->folds();
    }
    return folds;
  };
  EXPECT_FALSE(begins_within(20));
  fold_journal_bytes_ = 20'000;
  Reopen();
  EXPECT_TRUE(begins_within(20)) << "what a start reads counts too";
}

TEST_F(TenantLedgerFold, FewCustomersOfALargeFileAreFoldedWhenNothingMoreHasCome) {
  fold_pages_min_ = 0;  // So that this one is large.
  Reopen();
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  EXPECT_FALSE(ledger_->FoldIdle());
  clock_.Advance(limits::kUnfoldedRestMax - absl::Seconds(1));
  EXPECT_FALSE(ledger_->FoldIdle());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(ledger_->FoldIdle());
  EXPECT_TRUE(ledger_->folds());
}

TEST_F(TenantLedgerFold, GivesTheRoomOfTheJournalBackToTheDisk) {
  fold_slice_ = 1'000;
  Reopen();
  const auto bytes = [&] {
    ledger_->Checkpoint(/*idle=*/true);
    return std::filesystem::file_size(dir_.File("acme.db"));
  };
  const std::string long_text(200, 'x');
  std::vector<Update> updates;
  for (int i = 0; i < 200; ++i) {
    Update& update = updates.emplace_back();
    update.id = "c" + std::to_string(i);
    for (int j = 0; j < 200; ++j) {
      update.attributes.push_back({"a" + std::to_string(j), Given(long_text.c_str())});
    }
  }
  Push(updates, At(1));
  const auto full = bytes();
  EXPECT_GT(full, 8'000'000u);
  Confirm();
  while (ledger_->FoldIdle() || ledger_->FoldIdle()) continue;
  EXPECT_LT(bytes(), full / 2);
  EXPECT_THAT(Values(Push(updates, At(1))), CountsAre(ValueCounts{.unchanged = 40'000}));
}

TEST_F(TenantLedgerFold, TheLogStaysSmallWhileNobodyWaitsForTheFold) {
  fold_slice_ = 20;
  log_pages_ = 50;
  Reopen();
  constexpr std::uintmax_t kLogBytesMax = 100 * 4'096;
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<Update> large;
    for (int i = 0; i < 100; ++i) {
      large.push_back({std::string(500, 'x') + std::to_string(100 * batch + i), {{"a", i}}});
    }
    Push(large, At(1));
    Confirm();
  }
  ledger_->Checkpoint(/*idle=*/true);
  std::uintmax_t log = 0;
  while (ledger_->FoldIdle()) {
    log = std::max(log, std::filesystem::file_size(dir_.File("acme.db-wal")));
  }
  EXPECT_GT(std::filesystem::file_size(dir_.File("acme.db")), kLogBytesMax);
  EXPECT_LE(log, kLogBytesMax);
}

// Memory would hold all of them twice otherwise, while they are folded.
TEST_F(TenantLedgerFold, AFoldOfMoreThanTheTablesCopyCanHoldGivesItUpFirst) {
  table_copy_bytes_max_ = 100'000;
  Reopen();
  for (int i = 0; i < 3; ++i) Push(All(1), At(1));  // More look-ups than the file has pages.
  ASSERT_TRUE(ledger_->has_table_copy());
  std::vector<Update> large;
  for (int i = 0; i < 500; ++i) {
    large.push_back({std::string(200, 'x') + std::to_string(i), {{"a", i}}});
  }
  Push(large, At(1));
  Confirm();
  ASSERT_TRUE(ledger_->has_table_copy());
  ASSERT_TRUE(FoldSlices(1));
  EXPECT_FALSE(ledger_->has_table_copy());
  FoldAll();
  ExpectKnown(1, 1);
}

}  // namespace
}  // namespace peaksync::testing
