// The ledger on a disk that forgets: what a process that was killed has left in the log, and what
// the next one tells of it.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "server/ledger/tenant_ledger.h"
#include "tests/simulation/virtual_disk.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace peaksync::simulation {
namespace {

using Loss = VirtualDisk::Loss;

class LedgerPowerTest : public ::testing::Test {
 protected:
  void Open() {
    auto opened = TenantLedger::Open({.tenant = "acme",
                                      .path = folder_.File("acme.db"),
                                      .endpoint = "https://rest.test",
                                      .workspace = "production",
                                      .rules = std::make_shared<const TenantRules>(),
                                      .clock = &clock_,
                                      .random = [this] { return ++random_; }});
    ASSERT_TRUE(opened.ok()) << opened.status();
    ledger_ = *std::move(opened);
  }
  void Crash(Loss loss) {
    disk_.Die();
    ledger_.reset();
    disk_.Reboot(loss);
    Open();
  }

  testing::TempDir folder_;
  testing::FakeClock clock_;
  std::uint64_t random_ = 0;
  VirtualDisk disk_{1};
  std::unique_ptr<TenantLedger> ledger_;
};

TEST_F(LedgerPowerTest, WhatTheNextProcessReadsSurvivesAPowerCut) {
  Open();
  ASSERT_TRUE(ledger_->Begin().ok());
  StartRequest start;
  start.source = "model";
  start.stream = 1;
  const auto run = ledger_->StartRun(start);
  ASSERT_TRUE(run.ok());
  disk_.SetFault(VirtualDisk::Fault::kSyncError);  // Killed between write and sync.
  ASSERT_FALSE(ledger_->Commit().ok());
  Crash(Loss::kNothing);
  ASSERT_TRUE(ledger_->GetRun(run->run_id).ok());
  Crash(Loss::kAllUnsynced);
  EXPECT_TRUE(ledger_->GetRun(run->run_id).ok());
}

}  // namespace
}  // namespace peaksync::simulation
