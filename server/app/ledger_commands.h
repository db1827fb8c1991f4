#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/app/app.h"
#include "server/app/config.h"

namespace peaksync {

// `peaksyncd ledger NAME --tenant TENANT [--to|--from FILE]`, as the command line or the admin
// socket brings it.
struct LedgerCommand {
  std::string name;  // check, stats, backup, restore or rebind.
  std::string tenant;
  std::string file;  // Of backup and restore.
};

// Whether the command changes the ledger, so that a person has to agree.
bool ChangesLedger(const LedgerCommand& command);

// What a command said, and the exit status that it ends with (docs/operations.md).
struct CommandReport {
  int exit_status = 0;
  std::string text;  // Whole lines.
};

// Runs `work` while nobody has the tenant's ledger open; gives it the tenant's configuration.
using WhileLedgerIsClosed = std::function<absl::Status(
    const std::string& tenant, const std::function<absl::Status(const TenantConfig&)>& work)>;

// Runs the command on the tenant's ledger in `config`. Thread safety: safe for concurrent use.
CommandReport RunLedgerCommand(const LedgerCommand& command, const LedgerConfig& config,
                               const AppOptions& options, const WhileLedgerIsClosed& while_closed);

}  // namespace peaksync
