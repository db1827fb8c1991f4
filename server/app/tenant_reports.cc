#include "server/app/tenant_reports.h"

#include "server/base/log.h"

namespace peaksync {
namespace {

RunEnd EndOf(RunState state) {
  switch (state) {
    case RunState::kCompletedWithRejections:
      return RunEnd::kCompletedWithRejections;
    case RunState::kFailed:
      return RunEnd::kFailed;
    case RunState::kCanceled:
      return RunEnd::kCanceled;
    case RunState::kAbandoned:
      return RunEnd::kAbandoned;
    case RunState::kOpen:
    case RunState::kReceived:
    case RunState::kCompleted:
      break;
  }
  return RunEnd::kCompleted;
}

void LogEnd(const std::string& tenant, const Run& run) {
  log::Info("A run ended.", {{"tenant", tenant},
                             {"source", run.source},
                             {"run_id", run.run_id},
                             {"state", std::string(NameOf(run.state))},
                             {"reason", run.state_reason},
                             {"received", run.values.received},
                             {"confirmed", run.values.confirmed},
                             {"unchanged", run.values.unchanged},
                             {"stale", run.values.stale},
                             {"superseded", run.values.superseded},
                             {"invalid", run.values.invalid},
                             {"rejected", run.values.rejected}});
}

}  // namespace

void ReportCommit(const std::string& tenant, TenantMetrics& metrics, const CommitReport& report) {
  const ValueCounts& change = report.change;
  if (report.duration > absl::ZeroDuration()) metrics.LedgerCommit(report.duration);
  metrics.UpdatesReceived(report.updates);
  metrics.ValuesReceived(change.received);
  metrics.Values(ValueOutcome::kUnchanged, change.unchanged);
  metrics.Values(ValueOutcome::kStale, change.stale);
  metrics.Values(ValueOutcome::kInvalid, change.invalid);
  metrics.Values(ValueOutcome::kSuperseded, change.superseded);
  metrics.Values(ValueOutcome::kConfirmed, change.confirmed);
  metrics.Values(ValueOutcome::kRejected, change.rejected);
  metrics.Values(ValueOutcome::kDiscarded, change.discarded);
  for (const Run& run : report.ended_runs) metrics.RunEnded(EndOf(run.state));
  metrics.SetWaiting(report.delivery.waiting_values, report.delivery.waiting_customers,
                     report.delivery.waiting_bytes);
  for (const Run& run : report.ended_runs) LogEnd(tenant, run);
}

void ReportHealth(const std::string& tenant, TenantMetrics& metrics, const absl::Status& health) {
  metrics.SetMisconfigured(absl::IsFailedPrecondition(health));
  if (health.ok()) return log::Info("A ledger can be written again.", {{"tenant", tenant}});
  log::Error("A ledger cannot be written; nothing is acknowledged.",
             {{"tenant", tenant}, {"reason", std::string(health.message())}});
}

void ReportExchange(TenantMetrics& metrics, const ExchangeReport& report) {
  // Both enumerations are in the order of docs/design.md section 5.
  metrics.BrazeRequest(static_cast<RequestOutcome>(report.kind), report.duration);
  metrics.BrazeObjects(ObjectFate::kConfirmed, report.confirmed);
  metrics.BrazeObjects(ObjectFate::kRejected, report.rejected);
  metrics.BrazeObjects(ObjectFate::kReturned, report.objects - report.confirmed - report.rejected);
  metrics.SetRequestsInFlight(report.requests_in_flight);
}

}  // namespace peaksync
