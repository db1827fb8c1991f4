// That the disk loses what was not synced, and nothing else: a simulation on a disk that forgets
// nothing would prove nothing.
#include "tests/simulation/virtual_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <string>

namespace peaksync::simulation {
namespace {

using Loss = VirtualDisk::Loss;
using Fault = VirtualDisk::Fault;

class VirtualDiskTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { Close(); }

  void Open() {
    ASSERT_EQ(sqlite3_open("/ledger.db", &db_), SQLITE_OK);
    ASSERT_EQ(Execute("PRAGMA journal_mode=WAL"), SQLITE_OK);
    ASSERT_EQ(Execute("PRAGMA synchronous=FULL"), SQLITE_OK);
    ASSERT_EQ(Execute("PRAGMA wal_autocheckpoint=0"), SQLITE_OK);
  }
  void Close() {
    sqlite3_close_v2(db_);
    db_ = nullptr;
  }
  void Crash(Loss loss) {
    disk_.Die();
    Close();
    disk_.Reboot(loss);
    Open();
  }
  int Execute(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }
  int Insert() { return Execute("INSERT INTO t VALUES (randomblob(2000))"); }
  // -1: there is no table.
  int Rows() {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, "SELECT count(*) FROM t", -1, &statement, nullptr) != SQLITE_OK) {
      return -1;
    }
    const int rows = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
    sqlite3_finalize(statement);
    return rows;
  }

  VirtualDisk disk_{1};
  sqlite3* db_ = nullptr;
};

TEST_F(VirtualDiskTest, KeepsWhatWasSynced) {
  ASSERT_EQ(Execute("CREATE TABLE t (x)"), SQLITE_OK);
  ASSERT_EQ(Insert(), SQLITE_OK);
  Crash(Loss::kAllUnsynced);
  EXPECT_EQ(Rows(), 1);
  Crash(Loss::kSomeUnsynced);
  EXPECT_EQ(Rows(), 1);
}

TEST_F(VirtualDiskTest, LosesWhatWasNotSynced) {
  ASSERT_EQ(Execute("CREATE TABLE t (x)"), SQLITE_OK);
  ASSERT_EQ(Execute("PRAGMA synchronous=OFF"), SQLITE_OK);
  ASSERT_EQ(Insert(), SQLITE_OK);
  Crash(Loss::kAllUnsynced);
  EXPECT_EQ(Rows(), 0);
  EXPECT_GT(disk_.bytes_lost(), 2'000);
}

TEST_F(VirtualDiskTest, LosesNothingWhenOnlyTheProcessDies) {
  ASSERT_EQ(Execute("CREATE TABLE t (x)"), SQLITE_OK);
  ASSERT_EQ(Execute("PRAGMA synchronous=OFF"), SQLITE_OK);
  ASSERT_EQ(Insert(), SQLITE_OK);
  Crash(Loss::kNothing);
  EXPECT_EQ(Rows(), 1);
  Crash(Loss::kAllUnsynced);  // The power goes later.
  EXPECT_EQ(Rows(), 0);
}

TEST_F(VirtualDiskTest, TheContentIsThatOfACommitWhereverTheProcessDies) {
  ASSERT_EQ(Execute("CREATE TABLE t (x)"), SQLITE_OK);
  int committed = 0;
  for (int operations = 1; operations < 40; ++operations) {
    disk_.DieAfter(operations);
    int more = 0;
    while (!disk_.dead()) {
      if (Insert() == SQLITE_OK) ++more;
      if (operations % 3 == 0) Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    Crash(operations % 2 == 0 ? Loss::kSomeUnsynced : Loss::kAllUnsynced);
    const int rows = Rows();
    EXPECT_GE(rows, committed + more) << "after " << operations << " operations";
    EXPECT_LE(rows, committed + more + 1) << "after " << operations << " operations";
    committed = rows;
  }
}

TEST_F(VirtualDiskTest, FailsAsItIsTold) {
  ASSERT_EQ(Execute("CREATE TABLE t (x)"), SQLITE_OK);
  disk_.SetFault(Fault::kFull);
  EXPECT_EQ(Insert(), SQLITE_FULL);
  disk_.SetFault(Fault::kWriteError);
  EXPECT_EQ(Insert(), SQLITE_IOERR);
  disk_.SetFault(Fault::kSyncError);
  EXPECT_EQ(Insert(), SQLITE_IOERR);
  EXPECT_GE(disk_.faults(), 3);
  disk_.SetFault(Fault::kNone);
  EXPECT_EQ(Insert(), SQLITE_OK);
  EXPECT_EQ(Rows(), 1);
}

}  // namespace
}  // namespace peaksync::simulation
