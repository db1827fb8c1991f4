// What operators do to a ledger that nobody has open, as server/app/ledger_commands.cc does it; and
// the look at the disk of server/ledger/ledger_writer.cc.
#include <utility>

#include "tests/simulation/service_loop.h"

namespace peaksync::simulation {
namespace {

constexpr absl::Duration kDiskLookedAtEvery = absl::Seconds(1);

}  // namespace

void ServiceLoop::MoveWorkspace() {
  if (!up() || process_->guarded) return;
  ++workspace_;
  world_.Tell("person: configures workspace ", workspace_);
  Terminate();
}

void ServiceLoop::Rebind() {
  rebinding_ = true;
  Terminate();
}

void ServiceLoop::BackUp() {
  // Also of one that is stopped, but not of what an attempt to restore has left.
  if (disk_.dead() || restoring_ || !checker_.BackedUp()) return;
  world_.Tell("person: backs up the ledger");
  world_.coverage.Count(Seen::kBackedUp);
  backup_ = disk_.Copy();
}

void ServiceLoop::Restore() {
  if (backup_.empty()) return;
  world_.Tell("person: restores the backup");
  restoring_ = true;
  Terminate();
}

// Nothing of it counts unless all of it was done: what an attempt has left is taken away.
absl::Status ServiceLoop::PrepareLedger() {
  if (restoring_) {
    disk_.Restore(backup_);
    const absl::Status restored = InOneGroup([](TenantLedger& ledger) {
      return ledger.BecomeRestored("the ledger was restored from a backup");
    });
    if (!restored.ok() || disk_.dead()) return restored;
    restoring_ = false;
    world_.coverage.Count(Seen::kRestored);
  }
  if (!rebinding_) return absl::OkStatus();
  const absl::Status rebound = InOneGroup([this](TenantLedger& ledger) {
    return ledger.Rebind("https://rest.test", absl::StrCat("workspace-", workspace_)).status();
  });
  if (!rebound.ok() || disk_.dead()) return rebound;
  rebinding_ = false;
  world_.coverage.Count(Seen::kRebound);
  if (braze_.workspace() == workspace_) return absl::OkStatus();
  braze_.OpenWorkspace(workspace_);
  checker_.Rebound();
  return absl::OkStatus();
}

absl::Status ServiceLoop::InOneGroup(const std::function<absl::Status(TenantLedger&)>& command) {
  auto ledger = TenantLedger::Open(LedgerOptions());
  if (!ledger.ok()) return ledger.status();
  absl::Status done = (*ledger)->Begin();
  if (!done.ok()) return done;
  done = command(**ledger);
  const absl::Status committed = (*ledger)->Commit();
  if (!committed.ok() || !done.ok() || disk_.dead()) return committed.ok() ? done : committed;
  if (restoring_) checker_.Restored(**ledger);
  (*ledger)->Close();
  (*ledger)->Checkpoint(/*idle=*/true);
  return absl::OkStatus();
}

bool ServiceLoop::HasDisk() {
  Process& process = *process_;
  if (world_.Steady() - process.disk_looked_at < kDiskLookedAtEvery) return !process.saw_low_disk;
  process.disk_looked_at = world_.Steady();
  const bool low = disk_is_low_;
  if (!low && std::exchange(process.held_for_disk, false)) {
    world_.coverage.Count(Seen::kDiskHasRoomAgain);
  }
  process.saw_low_disk = low;
  return !low;
}

}  // namespace peaksync::simulation
