#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/domain/rejection.h"
#include "server/ledger/tenant_ledger.h"
#include "tests/simulation/simulated_braze.h"
#include "tests/simulation/update_maker.h"
#include "tests/simulation/value_model.h"
#include "tests/simulation/virtual_disk.h"

namespace peaksync::simulation {

// A batch as the service took it.
struct TakenBatch {
  std::string run_id;
  std::string source;
  RunMode mode = RunMode::kIncremental;
  std::int64_t sequence = 0;
  std::int64_t default_updated_at = 0;
  std::int64_t decode_time = 0;  // By the service's clock.
  const MadeBatch* batch = nullptr;
  const TenantRules* decoded_by = nullptr;
  const TenantRules* decided_by = nullptr;
};

// Holds the service to the rules of docs/design.md section 2, by what goes in and out of the ledger
// and the lane. It knows which groups of commands were committed, and which may have been when the
// process died; never how a value was decided. A broken rule ends the history (World::Break).
class Checker {
 public:
  // `ledger_path`: where what is durable is read besides what the ledger tells.
  Checker(World& world, const Scenario& scenario, SimulatedBraze& braze, VirtualDisk& disk,
          std::string ledger_path);

  // A process has opened the ledger: it has what was committed, and of groups of which nobody was
  // told all or nothing (rules 1 and 3).
  void Opened(TenantLedger& ledger);

  // A group of commands.
  void GroupBegun();
  void RunKnown(const Run& run);
  void BatchTaken(const TakenBatch& taken, const absl::StatusOr<BatchReceipt>& receipt,
                  const ValueCounts& before, const ValueCounts& after);
  void Settled(const ValueCounts& before, const ValueCounts& after);
  void Canceled(const std::string& run_id, const ValueCounts& before, const ValueCounts& after);
  // By these runs, one for each source.
  void Retried(const std::vector<Rejection>& rejections, const std::vector<Run>& runs);
  void MadeUnknown(std::string_view customer, std::string_view attribute);  // Empty: any.
  void BeforeCommit(TenantLedger& ledger);
  void GroupEnded(TenantLedger& ledger, const absl::Status& committed);

  // The lane.
  void Leased(const std::vector<LeasedBatch>& batches);
  void Settling(const std::vector<ObjectOutcome>& outcomes);
  // The process is gone with all it had leased.
  void ProcessDied();

  // The ledger is copied. False: nobody knows what is in it, so that the copy is good for nothing.
  bool BackedUp();
  // That copy is the ledger now, and nothing counts as known.
  void Restored(TenantLedger& ledger);
  // The ledger belongs to an empty workspace.
  void Rebound();

  // All is quiet.
  void CheckQuiet(TenantLedger& ledger);
  // Besides, this was sent to everyone that exists, after resend_after.
  void CheckProfiles(const MadeBatch& sent);

  std::int64_t updates_taken() const { return updates_taken_; }

 private:
  struct RunFacts {
    std::string source;
    RunKind kind = RunKind::kStream;
    RunMode mode = RunMode::kIncremental;
    RunState state = RunState::kOpen;
    std::int64_t last_sequence = 0;
    ValueCounts values;
    UpdateCounts updates;
    bool complete = false;
    friend bool operator==(const RunFacts& a, const RunFacts& b) {
      return a.last_sequence == b.last_sequence && a.values == b.values && a.updates == b.updates;
    }
  };
  using Book = std::map<std::string, RunFacts>;
  struct Group {
    Book book;
    std::vector<ModelChange> changes;
    std::int64_t updates = 0;
  };
  struct Lease {
    std::string customer;
    std::map<std::string, std::string> values;
  };

  static RunFacts FactsOf(const Run& run);
  static std::string Shown(const Book& book, const Book& other);
  void Adopt(Group& group);
  void CheckSums(TenantLedger& ledger);
  void CheckOnDisk();
  bool MustBeFull(const std::string& source) const;
  void CheckEnded(const Run& run);
  void CheckCursors(TenantLedger& ledger, bool exact);
  bool FindInvalid(const TakenBatch& taken, const BatchReceipt& receipt, std::size_t index,
                   std::set<std::size_t>* invalid);
  void CheckDecided(const TakenBatch& taken, const std::vector<ModelChange>& valid,
                    const ValueCounts& delta);
  void CountAlone(const TakenBatch& taken, const ModelChange& value, const ValueCounts& delta);
  void CountPending(const TakenBatch& taken, const ModelChange& value);
  void CheckConfirmed(const Lease& lease);
  void CheckRejected(const Lease& lease, const ObjectOutcome& outcome);
  std::string HeldOf(const std::string& customer, const std::string& attribute);

  World& world_;
  const Scenario& scenario_;
  SimulatedBraze& braze_;
  VirtualDisk& disk_;
  const std::string ledger_path_;
  ValueModel model_;
  Book book_;                  // As of the last commit.
  Group group_;                // That is open.
  std::vector<Group> untold_;  // That failed since; one may be on the disk all the same.
  std::map<std::string, std::optional<std::int64_t>> cursors_;
  std::map<LeaseId, Lease> leases_;
  std::set<std::string> leased_;
  std::int64_t updates_taken_ = 0;
  struct Backup {
    Book book;
    std::map<std::string, std::optional<std::int64_t>> cursors;
    ValueModel::Times times;
  };
  std::optional<Backup> backup_;
  Book restored_;  // The runs that the last backup brought back.

  // For the coverage only: what waits, as far as it came alone.
  struct Waiting {
    std::string json;
    std::optional<double> number;
    bool maybe_sent = false;
  };
  std::map<ValueKey, Waiting> waiting_;
  std::set<ValueKey> unknown_;
};

}  // namespace peaksync::simulation
