#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/app/config.h"
#include "server/base/clock.h"

namespace peaksync {

struct AppOptions {
  const Clock* clock = nullptr;
  // Passes the time while the ledger folder is held by another process; false gives up (a signal).
  std::function<bool(absl::Duration)> pause;
  absl::Duration lock_wait = absl::Seconds(30);
  // In tests: how often a paused lane asks Braze, and an abort when rule 3 is broken.
  absl::Duration probe_interval = absl::Minutes(1);
  bool abort_on_broken_law = false;
};

// The whole service, wired. The only place that knows every module, and the order in which they
// start and stop: the intake stops before what it feeds.
//
// Lifetime: Stop (or the destructor) ends the streams, waits for the answers of Braze that are in
// flight (10 s), commits them, and closes the ledgers. Thread safety: one thread.
class App {
 public:
  // A tenant that is misconfigured, or whose ledger cannot be opened, does not keep the others from
  // running; its callers are told why.
  static absl::StatusOr<std::unique_ptr<App>> Start(const Config& config,
                                                    const AppOptions& options);
  ~App();

  // Makes tenants, credentials, rules and limits those of `next`. Streams go on, unless their
  // tenant or credential is gone. What needs a restart is named in the log.
  void Reload(const Config& next);

  int port() const;        // Of the gRPC server.
  int admin_port() const;  // Of /metrics, /healthz and /readyz.
  void Stop();

 private:
  class Impl;
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync
