#pragma once

#include <future>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/tenants.h"
#include "server/app/app.h"
#include "server/app/config.h"
#include "server/base/metrics.h"
#include "server/base/mutex.h"
#include "server/delivery/delivery_loop.h"
#include "server/ledger/ledger_writer.h"

namespace peaksync {

// What all tenants of the service have in common. All outlive them.
struct TenantParts {
  const AppOptions& options;
  const LedgerConfig& ledger;
  Metrics& metrics;
  DeliveryLoop& delivery;
};

// The path of a tenant's ledger.
std::string LedgerPath(const LedgerConfig& ledger, const std::string& tenant);
// How its ledger is opened. The clock is that of `options`.
TenantLedgerOptions LedgerOptionsOf(const TenantConfig& tenant, const LedgerConfig& ledger,
                                    const AppOptions& options);

// A tenant that runs: its ledger with its thread, its rules, its lane.
// Lifetime: Start, then Stop once nobody is given a new face; the destructor needs Stop before.
// Thread safety: one thread at a time; status() is safe for concurrent use.
class RunningTenant {
 public:
  // The ledger's fault, as its callers are told. Delivery must have started.
  static absl::StatusOr<std::unique_ptr<RunningTenant>> Start(const TenantParts& parts,
                                                              TenantConfig config);
  RunningTenant(const RunningTenant&) = delete;
  RunningTenant& operator=(const RunningTenant&) = delete;

  // New rules, limits, keys, another workspace; a paused lane asks Braze at once.
  void Reconfigure(TenantConfig config);
  // As the api is to see it from now on.
  std::shared_ptr<const ApiTenant> face() const;
  const TenantConfig& config() const { return config_; }
  DeliveryStatus status() const { return shown_->Get(); }

  // Whether every call that was given a face has ended; waits for it that long.
  bool WaitForCalls(std::chrono::milliseconds wait);
  // Waits for the answers of Braze in flight (10 s), commits, and closes the ledger. Calls that
  // still have a face are never answered, so wait for them before.
  void StopDelivery();
  void StopLedger() { writer_->Stop(); }

 private:
  // What the lane and the ledger said last.
  struct Shown {
    DeliveryStatus Get() {
      MutexLock lock(mutex);
      return status;
    }
    Mutex mutex;
    DeliveryStatus status ABSL_GUARDED_BY(mutex);
  };

  RunningTenant(const TenantParts& parts, TenantConfig config);
  void Open(std::unique_ptr<TenantLedger> ledger);
  LaneSetup MakeLane();
  LaneOptions MakeLaneOptions() const;
  std::function<absl::StatusOr<std::string>()> KeyReader() const;

  TenantParts parts_;
  TenantConfig config_;
  TenantMetrics& metrics_;
  const std::shared_ptr<Shown> shown_ = std::make_shared<Shown>();
  absl::Status guard_;  // Of the workspace.
  std::shared_ptr<LedgerWriter> writer_;
  std::shared_ptr<AttributeCatalog> catalog_;
  std::shared_ptr<Ledger> handle_;  // Calls hold copies; `released_` is told when the last is gone.
  std::future<void> released_;
};

}  // namespace peaksync
