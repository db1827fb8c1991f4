// Whose file it is, and what becomes of one that is not ours, newer, or damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class TenantLedgerFile : public TenantLedgerTest {
 protected:
  std::string Path() { return dir_.File("acme.db"); }
  void Execute(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(Path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  std::string Bytes() {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& bytes) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(Path() + suffix);
    std::ofstream(Path(), std::ios::binary) << bytes;
  }
  // Closed, with everything in the file itself.
  std::string ClosedBytes() {
    ledger_->Checkpoint(/*idle=*/true);
    ledger_.reset();
    return Bytes();
  }
};

TEST_F(TenantLedgerFile, BelongsToItsOwnerOnly) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status = {};
    ASSERT_EQ(stat((Path() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(TenantLedgerFile, GuardsTheWorkspace) {
  EXPECT_THAT(ledger_->workspace_guard(), IsOk());
  ledger_.reset();
  TenantLedgerOptions options = Options();
  options.workspace = "staging";
  auto other = TenantLedger::Open(options);
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT((*other)->workspace_guard(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("ledger of acme belongs to production at https://rest.example")));
  other->reset();
  options = Options();
  options.endpoint = "https://other.example";
  other = TenantLedger::Open(options);
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT((*other)->workspace_guard(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("other.example")));
  other->reset();
  Open();  // Neither has made the file its own.
  EXPECT_THAT(ledger_->workspace_guard(), IsOk());
}

TEST_F(TenantLedgerFile, RefusesAnotherTenantsFile) {
  ledger_.reset();
  TenantLedgerOptions options = Options();
  options.tenant = "globex";
  EXPECT_THAT(TenantLedger::Open(options),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is that of tenant acme, not of globex")));
}

TEST_F(TenantLedgerFile, RefusesANewerSchemaAndLeavesItAsItIs) {
  ledger_.reset();
  Execute("PRAGMA user_version = 999");
  const std::string before = Bytes();
  EXPECT_THAT(TenantLedger::Open(Options()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("schema version 999")));
  EXPECT_EQ(Bytes(), before);
}

TEST_F(TenantLedgerFile, RefusesAForeignFileAndLeavesItAsItIs) {
  ledger_.reset();
  Write("");
  Execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  const std::string before = Bytes();
  EXPECT_THAT(TenantLedger::Open(Options()), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                      HasSubstr("not a ledger of peaksyncd")));
  EXPECT_EQ(Bytes(), before);
}

TEST_F(TenantLedgerFile, RefusesAFileThatIsNoDatabase) {
  ledger_.reset();
  Write(std::string(8'192, 'x'));
  EXPECT_THAT(TenantLedger::Open(Options()), StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
}

TEST_F(TenantLedgerFile, CannotOpenWhereNoFileCanBe) {
  ledger_.reset();
  TenantLedgerOptions options = Options();
  options.path = dir_.File("missing/acme.db");
  EXPECT_THAT(TenantLedger::Open(options),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("missing/acme.db")));
}

TEST_F(TenantLedgerFile, FindsABrokenLawAtStart) {
  const std::string run = Push({{"jo", {{"a", 1}}}}, At(1));
  ledger_.reset();
  Execute("UPDATE runs SET values_received = values_received + 1");
  EXPECT_THAT(TenantLedger::Open(Options()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr(run + ": 2 values were received, but 1 are accounted for")));
}

TEST_F(TenantLedgerFile, FindsADamagedRowOfTheOutboxAtStart) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  ledger_.reset();
  Execute("UPDATE outbox SET payload = x'63'");
  EXPECT_THAT(TenantLedger::Open(Options()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("outbox")));
}

TEST_F(TenantLedgerFile, ClosesTheTenantWhenACustomersRowIsDamaged) {
  rules_.max_invalid_percent = 100;
  Reopen();
  Push({{"jo", {{"a", 1}}}}, At(1));
  Confirm();
  FoldAll();
  ledger_.reset();
  Execute("UPDATE customers SET bucket = x'6363'");
  TenantLedgerOptions options = Options();
  options.abort_on_broken_law = false;
  auto opened = TenantLedger::Open(options);
  ASSERT_THAT(opened, IsOk());
  TenantLedger& ledger = **opened;
  ASSERT_THAT(ledger.Begin(), IsOk());
  StartRequest start;
  start.source = "model";
  start.stream = 1;
  auto run = ledger.StartRun(start);
  ASSERT_THAT(run, IsOk());
  BatchRequest batch{.run_id = run->run_id, .stream = 1, .sequence = 1, .updates = {}};
  batch.updates = maker_.Make({{"jo", {{"a", 2}}}}, At(2));
  EXPECT_FALSE(ledger.AcceptBatch(batch).ok());
  const auto damaged = StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("ledger of acme is damaged: a customer's row"));
  EXPECT_THAT(ledger.Commit(), damaged);
  EXPECT_THAT(ledger.Begin(), damaged);
  EXPECT_THAT(ledger.GetRun(run->run_id), damaged);
  EXPECT_THAT(ledger.ListRuns("", 10, std::nullopt), damaged);
  EXPECT_THAT(ledger.ListSources(10, ""), damaged);
  EXPECT_THAT(ledger.GetLastSync("model"), damaged);
  EXPECT_EQ(ledger.Ready(), ReadyState{});
  EXPECT_TRUE(ledger.Lease({.partial = true}).empty());
}

// What is kept of Braze's text stays valid UTF-8.
TEST_F(TenantLedgerFile, CutsALongReasonBetweenCharacters) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  const Objects sent = LeaseAll();
  ASSERT_THAT(ledger_->Begin(), IsOk());
  ledger_->Settle({{.lease = sent[0].lease,
                    .kind = Kind::kRejected,
                    .reason = std::string(999, 'x') + "\xc3\xa9!"}});
  ASSERT_THAT(ledger_->Commit(), IsOk());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &db), SQLITE_OK);
  sqlite3_stmt* query = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT reason FROM rejections", -1, &query, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(query), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_bytes(query, 0), 999);
  sqlite3_finalize(query);
  sqlite3_close(db);
}

// Every page in turn is overwritten; whatever is found of it is an error and never a crash.
TEST_F(TenantLedgerFile, NeverCrashesOnADamagedFile) {
  for (int hour = 1; hour <= 3; ++hour) {
    std::vector<Update> updates;
    for (int i = 0; i < 60; ++i) updates.push_back({"c" + std::to_string(i), {{"a", hour}}});
    Push(updates, At(hour));
    if (hour < 3) Confirm();
  }
  const std::string whole = ClosedBytes();
  constexpr std::size_t kPage = 4'096;
  ASSERT_GT(whole.size(), 4 * kPage);
  int found = 0;
  for (std::size_t page = 0; page * kPage < whole.size(); ++page) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{100}, kPage - 500}) {
      std::string bytes = whole;
      for (std::size_t i = 0; i < 200; ++i) bytes[page * kPage + offset + i] ^= '\x5a';
      Write(bytes);
      TenantLedgerOptions options = Options();
      options.abort_on_broken_law = false;
      auto opened = TenantLedger::Open(options);
      if (!opened.ok()) {
        ++found;
        EXPECT_THAT(opened.status().code(),
                    AnyOf(absl::StatusCode::kDataLoss, absl::StatusCode::kFailedPrecondition,
                          absl::StatusCode::kInternal, absl::StatusCode::kUnavailable))
            << opened.status();
        continue;
      }
      TenantLedger& ledger = **opened;
      if (!ledger.Begin().ok()) continue;
      StartRequest start;
      start.source = "model";
      start.stream = 1;
      if (auto run = ledger.StartRun(start); run.ok()) {
        BatchRequest batch{.run_id = run->run_id, .stream = 1, .sequence = 1, .updates = {}};
        std::vector<Update> updates;
        for (int i = 0; i < 60; ++i) updates.push_back({"c" + std::to_string(i), {{"a", 9}}});
        batch.updates = maker_.Make(updates, At(9));
        (void)ledger.AcceptBatch(batch);
      }
      if (!ledger.Commit().ok()) {
        ++found;
        continue;
      }
      std::vector<ObjectOutcome> outcomes;
      for (const LeasedBatch& leased : ledger.Lease({.batches_max = 10, .partial = true})) {
        for (const LeasedObject& object : leased) {
          outcomes.push_back({object.lease, Kind::kConfirmed});
        }
      }
      if (!ledger.Begin().ok()) continue;
      ledger.Settle(outcomes);
      if (!ledger.Commit().ok()) ++found;
    }
  }
  EXPECT_GT(found, 10);
}

// SQLite's own setting for checkpoints takes away the hook by which ours are counted.
TEST_F(TenantLedgerFile, EmptiesItsLogWhenIdle) {
  Push({{"jo", {{"a", 1}}}}, At(1));
  const std::string log = dir_.File("acme.db-wal");
  EXPECT_GT(std::filesystem::file_size(log), 0u);
  ledger_->Checkpoint(/*idle=*/true);
  EXPECT_EQ(std::filesystem::file_size(log), 0u);
}

}  // namespace
}  // namespace peaksync::testing
