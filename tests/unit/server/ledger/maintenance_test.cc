#include "server/ledger/sqlite/maintenance.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/server/ledger/ledger_fixture.h"

namespace peaksync::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;

class MaintenanceTest : public TenantLedgerTest {
 protected:
  std::string path() const { return dir_.File("acme.db"); }
  std::string backup() const { return dir_.File("backup.db"); }

  // Two customers confirmed, one waiting.
  void Fill() {
    Push({{"a", {{"plan", "gold"}, {"score", 1}}}, {"b", {{"plan", "tin"}}}}, At(1));
    Confirm();
    Push({{"c", {{"plan", "gold"}}}}, At(2));
    FoldAll();
  }
  // What a broken disk or a bug would do.
  static void Damage(const std::string& file, const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  void ExpectProblem(const char* damage, const std::string& problem) {
    Fill();
    ledger_->Close();
    ledger_.reset();
    Damage(path(), damage);
    const auto problems = CheckLedger(path());
    ASSERT_THAT(problems, IsOk());
    EXPECT_THAT(*problems, Contains(HasSubstr(problem)));
  }
};

TEST_F(MaintenanceTest, SaysWhoseLedgerItIsWhileItIsOpen) {
  const auto facts = ReadLedgerFacts(path());
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->tenant, "acme");
  EXPECT_EQ(facts->endpoint, "https://rest.example");
  EXPECT_EQ(facts->workspace, "production");
  EXPECT_THAT(GuardWorkspace(*facts, "https://rest.example", "production"), IsOk());
  EXPECT_THAT(GuardWorkspace(*facts, "https://rest.example", "staging"),
              StatusIs(kFailedPrecondition,
                       HasSubstr("belongs to production at https://rest.example, the configuration "
                                 "names staging")));
}

TEST_F(MaintenanceTest, CountsWhatTheLedgerHolds) {
  Fill();
  const auto stats = ReadLedgerStats(path());
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->customers, 2);
  EXPECT_EQ(stats->values, 3);
  EXPECT_EQ(stats->waiting_updates, 1);
  EXPECT_EQ(stats->waiting_values, 1);
  EXPECT_EQ(stats->sources, 1);
  EXPECT_EQ(stats->runs, 2);
  EXPECT_EQ(stats->unsettled_runs, 1);
  EXPECT_EQ(stats->rejections, 0);
  EXPECT_GT(stats->file_bytes + stats->log_bytes, 0);
}

TEST_F(MaintenanceTest, CountsWhatTheJournalHoldsToo) {
  Fill();
  Push({{"a", {{"plan", "tin"}}}, {"d", {{"plan", "tin"}}}}, At(3));
  Objects sent = LeaseAll();
  Objects first;
  first.push_back(std::move(sent.back()));
  sent.pop_back();
  Settle(first, Kind::kConfirmed);
  const auto stats = ReadLedgerStats(path());
  ASSERT_THAT(stats, IsOk());
  EXPECT_GE(stats->customers, 2);
  EXPECT_EQ(stats->waiting_updates, 2);
  EXPECT_EQ(stats->waiting_values, 2);
  Settle(sent, Kind::kConfirmed);
  EXPECT_EQ(ReadLedgerStats(path())->customers, 4);
  EXPECT_EQ(ReadLedgerStats(path())->waiting_values, 0);
}

TEST_F(MaintenanceTest, FindsAJournalRowThatCannotBeRead) {
  Fill();
  Push({{"a", {{"plan", "tin"}}}}, At(3));
  Confirm();
  ledger_->Close();
  ledger_.reset();
  Damage(path(), "UPDATE journal SET payload = x'01ff'");
  EXPECT_THAT(*CheckLedger(path()), Contains(HasSubstr("of the journal cannot be read")));
}

TEST_F(MaintenanceTest, FindsNothingWrongWithASoundLedger) {
  Fill();
  const auto problems = CheckLedger(path());
  ASSERT_THAT(problems, IsOk());
  EXPECT_THAT(*problems, IsEmpty());
}

TEST_F(MaintenanceTest, FindsARunWhoseSumIsBroken) {
  ExpectProblem("UPDATE runs SET values_confirmed = values_confirmed + 1 WHERE run_number = 1",
                "received");
}

TEST_F(MaintenanceTest, FindsAnOutboxRowThatNobodyWaitsFor) {
  ExpectProblem("UPDATE runs SET complete_time = 1 WHERE run_number = 2",
                "row 3 of the outbox belongs to no run that waits for it");
}

TEST_F(MaintenanceTest, FindsRowsThatCannotBeRead) {
  ExpectProblem("UPDATE outbox SET payload = x'ff'; UPDATE customers SET bucket = x'ff'",
                "chunk 3 of the outbox cannot be read");
  EXPECT_THAT(*CheckLedger(path()), Contains("2 customers cannot be read"));
}

TEST_F(MaintenanceTest, FindsBrokenPages) {
  Fill();
  ledger_->Close();
  ledger_.reset();
  const auto size = std::filesystem::file_size(path());
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  for (auto i = 4096UL; i < size; ++i) file.put('\x7f');
  file.close();
  const auto problems = CheckLedger(path());
  ASSERT_THAT(problems, IsOk());
  EXPECT_THAT(*problems, Not(IsEmpty()));
}

TEST_F(MaintenanceTest, RefusesWhatIsNoLedger) {
  EXPECT_THAT(CheckLedger(dir_.File("none.db")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there is no ledger")));
  Damage(dir_.File("other.db"), "CREATE TABLE t (x)");
  EXPECT_THAT(CheckLedger(dir_.File("other.db")),
              StatusIs(kFailedPrecondition, HasSubstr("not a ledger")));
}

TEST_F(MaintenanceTest, ABackupIsTheLedgerOfTheMomentInOneFile) {
  Fill();
  ASSERT_THAT(BackUpLedger(path(), backup()), IsOk());
  EXPECT_FALSE(std::filesystem::exists(backup() + "-wal"));
  struct stat info = {};
  ASSERT_EQ(stat(backup().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto stats = ReadLedgerStats(backup());
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->values, 3);
  EXPECT_EQ(stats->waiting_values, 1);
}

TEST_F(MaintenanceTest, ABackupOverwritesNothing) {
  std::ofstream(backup()) << "mine";
  EXPECT_THAT(BackUpLedger(path(), backup()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("File exists")));
  EXPECT_EQ(std::filesystem::file_size(backup()), 4U);
}

TEST_F(MaintenanceTest, ABackupThatFailsLeavesNothing) {
  EXPECT_THAT(BackUpLedger(dir_.File("none.db"), backup()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.db")));
  EXPECT_THAT(BackUpLedger(path(), dir_.File("no/folder.db")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/folder.db")));
  EXPECT_FALSE(std::filesystem::exists(backup()));
}

TEST_F(MaintenanceTest, AcceptsABackupOfTheTenantOnly) {
  Fill();
  ASSERT_THAT(BackUpLedger(path(), backup()), IsOk());
  EXPECT_THAT(CheckBackup(backup(), "acme"), IsOk());
  EXPECT_THAT(CheckBackup(backup(), "bolt"),
              StatusIs(kFailedPrecondition, HasSubstr("is that of tenant acme, not of bolt")));
}

TEST_F(MaintenanceTest, RefusesABackupThatIsNone) {
  EXPECT_THAT(CheckBackup(path(), "acme"), StatusIs(kFailedPrecondition, HasSubstr("-wal")));
  Fill();
  ASSERT_THAT(BackUpLedger(path(), backup()), IsOk());
  Damage(backup(), "PRAGMA user_version = 99");
  EXPECT_THAT(CheckBackup(backup(), "acme"),
              StatusIs(kFailedPrecondition, HasSubstr("schema version 99")));
  Damage(backup(), "PRAGMA user_version = 1; PRAGMA application_id = 7");
  EXPECT_THAT(CheckBackup(backup(), "acme"),
              StatusIs(kFailedPrecondition, HasSubstr("not a ledger")));
}

TEST_F(MaintenanceTest, RefusesADamagedBackup) {
  Fill();
  ASSERT_THAT(BackUpLedger(path(), backup()), IsOk());
  std::filesystem::resize_file(backup(), std::filesystem::file_size(backup()) - 4096);
  const absl::Status status = CheckBackup(backup(), "acme");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("backup.db")));
}

TEST_F(MaintenanceTest, AReplacedLedgerIsKeptWithItsLog) {
  Fill();
  ASSERT_THAT(BackUpLedger(path(), backup()), IsOk());
  Push({{"d", {{"plan", "gold"}}}}, At(3));
  std::filesystem::copy_file(path(), dir_.File("live.db"));  // As after kill -9: with a log.
  std::filesystem::copy_file(path() + "-wal", dir_.File("live.db-wal"));
  ASSERT_THAT(CopyBackup(backup(), dir_.File("prepared.db")), IsOk());
  ASSERT_THAT(ReplaceLedger(dir_.File("prepared.db"), dir_.File("live.db")), IsOk());
  EXPECT_EQ(ReadLedgerStats(dir_.File("live.db"))->runs, 2);
  EXPECT_EQ(ReadLedgerStats(dir_.File("live.db.replaced"))->runs, 3);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("prepared.db")));
}

// A backup must not hold up the acknowledgements.
TEST_F(MaintenanceTest, AReaderDoesNotMakeTheLedgerWait) {
  Fill();
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM runs", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const absl::Time start = absl::Now();
  Push({{"d", {{"plan", "gold"}}}}, At(3));
  ledger_->Checkpoint(/*idle=*/true);
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));  // The time-out for a lock is 5 s.
  sqlite3_close(reader);
}

}  // namespace
}  // namespace peaksync::testing
