#include "server/app/ledger_commands.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "server/app/running_tenant.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/maintenance.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongCommand = 2;
constexpr int kDamaged = 3;

CommandReport Report(const absl::StatusOr<std::string>& text) {
  if (text.ok()) return {0, *text};
  const bool damaged = absl::IsDataLoss(text.status());
  return {damaged ? kDamaged : kFailed, Concat(text.status().message(), "\n")};
}

CommandReport Check(const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> problems = CheckLedger(path);
  if (!problems.ok()) return Report(problems.status());
  if (problems->empty()) return {0, Concat(path, ": sound\n")};
  CommandReport report{kDamaged, Concat(path, ": damaged\n")};
  for (const std::string& problem : *problems) report.text += Concat("  ", problem, "\n");
  report.text +=
      "Restore a backup (peaksyncd ledger restore), or move the file away: then all is sent once "
      "more.\n";
  return report;
}

absl::StatusOr<std::string> Stats(const std::string& path) {
  PEAKSYNC_ASSIGN_OR_RETURN(const LedgerStats stats, ReadLedgerStats(path));
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"customers", stats.customers},
      {"values", stats.values},
      {"waiting_updates", stats.waiting_updates},
      {"waiting_values", stats.waiting_values},
      {"sources", stats.sources},
      {"runs", stats.runs},
      {"unsettled_runs", stats.unsettled_runs},
      {"rejections", stats.rejections},
      {"file_bytes", stats.file_bytes},
      {"log_bytes", stats.log_bytes},
      {"page_bytes", stats.page_bytes},
      {"free_pages", stats.free_pages},
      {"epoch", stats.facts.epoch}};
  std::string text = Concat("tenant: ", stats.facts.tenant, "\nworkspace: ", stats.facts.workspace,
                            "\nendpoint: ", stats.facts.endpoint, "\n");
  for (const auto& [name, number] : numbers) text += Concat(name, ": ", number, "\n");
  return text;
}

absl::StatusOr<std::string> BackUp(const std::string& path, const std::string& to) {
  PEAKSYNC_ASSIGN_OR_RETURN(const std::int64_t bytes, BackUpLedger(path, to));
  return Concat(to, ": ", bytes, " bytes\n");
}

// Opens a ledger that nobody else has, for one group.
template <typename F>
absl::Status InOneGroup(TenantLedgerOptions options, F command) {
  PEAKSYNC_ASSIGN_OR_RETURN(std::unique_ptr<TenantLedger> ledger,
                            TenantLedger::Open(std::move(options)));
  PEAKSYNC_RETURN_IF_ERROR(ledger->Begin());
  const absl::Status done = command(*ledger);
  PEAKSYNC_RETURN_IF_ERROR(ledger->Commit());
  PEAKSYNC_RETURN_IF_ERROR(done);
  ledger->Close();
  ledger->Checkpoint(/*idle=*/true);
  return absl::OkStatus();
}

// The backup becomes a ledger beside the old one, and takes its place when all is done.
absl::Status Restore(const std::string& from, const TenantConfig& tenant,
                     const LedgerConfig& config, const AppOptions& options) {
  TenantLedgerOptions prepared = LedgerOptionsOf(tenant, config, options);
  const std::string path = std::exchange(prepared.path, Concat(prepared.path, ".restoring"));
  const std::string copy = prepared.path;
  const auto remove = [&] {
    for (const char* part : {"", "-wal", "-shm"}) unlink(Concat(copy, part).c_str());
  };
  remove();  // What an earlier attempt has left.
  const absl::Cleanup clean_up = remove;
  PEAKSYNC_RETURN_IF_ERROR(CopyBackup(from, copy));
  PEAKSYNC_RETURN_IF_ERROR(InOneGroup(std::move(prepared), [&](TenantLedger& ledger) {
    return ledger.BecomeRestored(
        Concat("the ledger was restored from a backup at ",
               absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", options.clock->Now(), absl::UTCTimeZone())));
  }));
  return ReplaceLedger(copy, path);
}

}  // namespace

bool ChangesLedger(const LedgerCommand& command) {
  return command.name == "restore" || command.name == "rebind";
}

CommandReport RunLedgerCommand(const LedgerCommand& command, const LedgerConfig& config,
                               const AppOptions& options, const WhileLedgerIsClosed& while_closed) {
  const std::string path = LedgerPath(config, command.tenant);
  if (command.name == "check") return Check(path);
  if (command.name == "stats") return Report(Stats(path));
  if (command.name == "backup") return Report(BackUp(path, command.file));
  if (command.name == "restore") {
    absl::Status status = CheckBackup(command.file, command.tenant);
    if (status.ok()) {
      status = while_closed(command.tenant, [&](const TenantConfig& tenant) {
        return Restore(command.file, tenant, config, options);
      });
    }
    if (!status.ok()) return Report(status);
    log::Warn("A ledger was restored from a backup.", {{"tenant", command.tenant}});
    return {0, Concat("The ledger of ", command.tenant, " was restored from ", command.file,
                      "; the old one is ", path,
                      ".replaced.\nBraze may hold newer values, so "
                      "nothing counts as known: the next run of every source must be full "
                      "(peaksync push --full).\n")};
  }
  if (command.name == "rebind") {
    std::int64_t values = 0;
    std::string workspace;
    const absl::Status status = while_closed(command.tenant, [&](const TenantConfig& tenant) {
      workspace = Concat(tenant.braze.workspace, " at ", tenant.braze.endpoint);
      return InOneGroup(LedgerOptionsOf(tenant, config, options), [&](TenantLedger& ledger) {
        const auto known = ledger.Rebind(tenant.braze.endpoint, tenant.braze.workspace);
        values = known.value_or(0);
        return known.status();
      });
    });
    if (!status.ok()) return Report(status);
    log::Warn("A ledger was given another workspace.", {{"tenant", command.tenant}});
    return {0, Concat("The ledger of ", command.tenant, " belongs to ", workspace, " now. ", values,
                      " values that were known are not any more, and are sent again when they "
                      "come: run peaksync push --full for every source.\n")};
  }
  return {kWrongCommand, Concat("there is no command ledger ", command.name, "\n")};
}

}  // namespace peaksync
