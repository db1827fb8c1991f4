// Lists, pages and the last sync.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TenantLedgerReads : public TenantLedgerTest {
 protected:
  std::vector<std::string> PageThrough(const std::string& source, int page_size) {
    std::vector<std::string> ids;
    std::optional<std::int64_t> before;
    do {
      auto page = ledger_->ListRuns(source, page_size, before);
      EXPECT_THAT(page, IsOk());
      EXPECT_LE(page->runs.size(), static_cast<std::size_t>(page_size));
      EXPECT_FALSE(page->runs.empty());
      for (const Run& run : page->runs) ids.push_back(run.run_id);
      before = page->next_before;
    } while (before);
    return ids;
  }
};

TEST_F(TenantLedgerReads, PagesRunsNewestFirst) {
  std::vector<std::string> all;
  std::vector<std::string> of_model;
  for (int i = 0; i < 4; ++i) {
    of_model.push_back(Push({{"jo", {{"a", i}}}}, At(i)));
    all.push_back(of_model.back());
    all.push_back(Start("other" + std::to_string(i)));
  }
  std::ranges::reverse(all);
  std::ranges::reverse(of_model);
  for (const int size : {1, 2, 3, 4, 8, 100}) {
    EXPECT_EQ(PageThrough("", size), all) << size;
    EXPECT_EQ(PageThrough("model", size), of_model) << size;
  }
}

TEST_F(TenantLedgerReads, ShowsRunsAsTheyAreNow) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  auto page = ledger_->ListRuns("model", 10, std::nullopt);
  ASSERT_THAT(page->runs, SizeIs(1));
  EXPECT_EQ(page->runs[0].values.pending, 1);
  EXPECT_EQ(page->delivery.waiting_values, 1);
}

TEST_F(TenantLedgerReads, KnowsNoStranger) {
  EXPECT_THAT(ledger_->GetRun("none"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(ledger_->ListRuns("none", 10, std::nullopt),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(ledger_->GetLastSync("none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(ledger_->ListRuns("", 10, std::nullopt)->runs, SizeIs(0));
  EXPECT_THAT(ledger_->ListSources(10, "")->sources, SizeIs(0));
}

TEST_F(TenantLedgerReads, PagesSourcesByName) {
  for (const char* name : {"c", "a", "d", "b"}) Start(name);
  std::vector<std::string> names;
  std::string after;
  do {
    auto page = ledger_->ListSources(2, after);
    ASSERT_THAT(page, IsOk());
    for (const Source& source : page->sources) names.push_back(source.name);
    after = page->next_after;
  } while (!after.empty());
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d"));
}

TEST_F(TenantLedgerReads, ShowsASourcesLastRuns) {
  const std::string completed = Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  const std::string open = Start();
  auto page = ledger_->ListSources(10, "");
  ASSERT_THAT(page, IsOk());
  ASSERT_THAT(page->sources, SizeIs(1));
  EXPECT_EQ(page->sources[0].last_run->run_id, open);
  EXPECT_EQ(page->sources[0].last_completed_run->run_id, completed);
}

TEST_F(TenantLedgerReads, TellsTheLastSync) {
  EndStream(Start());
  EXPECT_THAT(ledger_->GetLastSync("model"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no run of source model")));
  const std::string run = Start();
  ASSERT_THAT(TryFinish(run, At(5)), IsOk());
  Start();
  auto last = ledger_->GetLastSync("model");
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ(last->run.run_id, run);
  EXPECT_EQ(last->cursor, At(5));
}

TEST_F(TenantLedgerReads, ShowsWhatDeliveryDoes) {
  DeliveryStatus status;
  status.state = DeliveryStatus::State::kPaused;
  status.reason = "the key is not valid";
  ledger_->SetDeliveryStatus(status);
  const std::string run = Push({{"jo", {{"a", 1}}}, {"li", {{"a", 1}}}}, At(1));
  auto view = ledger_->GetRun(run);
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->delivery.reason, "the key is not valid");
  EXPECT_EQ(view->delivery.waiting_customers, 2);
}

// Leases.

TEST_F(TenantLedgerReads, LeasesBatchesOfTheSizeThatIsWanted) {
  std::vector<Update> updates;
  for (int i = 0; i < 7; ++i) updates.push_back({"c" + std::to_string(i), {{"a", i}}});
  Push(updates, At(1));
  EXPECT_THAT(ledger_->Lease({.batches_max = 2, .objects_max = 3, .partial = false}),
              ElementsAre(SizeIs(3), SizeIs(3)));
  EXPECT_THAT(ledger_->Lease({.batches_max = 2, .objects_max = 3, .partial = false}), SizeIs(0));
  EXPECT_THAT(ledger_->Lease({.batches_max = 2, .objects_max = 3, .partial = true}),
              ElementsAre(SizeIs(1)));
}

TEST_F(TenantLedgerReads, TellsWhatIsReady) {
  const absl::Time start = clock_.Now();
  EXPECT_EQ(ledger_->Ready(), ReadyState{});
  const std::string run = Start();
  PushTo(run, {{"jo", {{"a", 1}}}}, At(1));
  clock_.Advance(absl::Milliseconds(50));
  PushTo(run, {{"li", {{"a", 1}}}}, At(1));
  EXPECT_EQ(ledger_->Ready().customers, 2);
  EXPECT_EQ(ledger_->Ready().oldest, start);
  EXPECT_EQ(ledger_->Ready().flush_customers, 0);
  ASSERT_THAT(TryFinish(run), IsOk());
  EXPECT_EQ(ledger_->Ready().flush_customers, 2);
}

}  // namespace
}  // namespace peaksync::testing
