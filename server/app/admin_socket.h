#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/app/ledger_commands.h"

namespace peaksync {

// The Unix domain socket (0600) by which `peaksyncd status` and `peaksyncd ledger` reach the
// service: HTTP with the command in the query and its report as the body. Used by peaksyncd itself
// only, so both sides are of one version; `status` is the command without a tenant. Lifetime: what
// the handler refers to outlives it, or at least Stop. Thread safety: the handler is called on its
// own threads, several at a time.
class AdminSocket {
 public:
  using Handler = std::function<CommandReport(const LedgerCommand&)>;

  // A socket that nobody listens on any more is replaced. UNAVAILABLE when it cannot be made.
  static absl::StatusOr<std::unique_ptr<AdminSocket>> Start(const std::string& path,
                                                            Handler handler);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;
  // Waits for commands that run. Harmless when repeated.
  void Stop();

  // Sends a command to the service behind `path`; NOT_FOUND when none answers there.
  static absl::StatusOr<CommandReport> Call(const std::string& path, const LedgerCommand& command);

 private:
  class Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync
