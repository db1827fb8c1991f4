#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/base/metrics.h"
#include "server/delivery/lane.h"
#include "server/ledger/ledger_writer.h"

namespace peaksync {

// What the ledger and the lane of a tenant report, as metrics and lines of the log.
// Thread safety: safe for concurrent use.
void ReportCommit(const std::string& tenant, TenantMetrics& metrics, const CommitReport& report);
// A ledger that cannot be written now, is damaged for good, or is well again (OK).
void ReportHealth(const std::string& tenant, TenantMetrics& metrics, const absl::Status& health);
void ReportExchange(TenantMetrics& metrics, const ExchangeReport& report);

}  // namespace peaksync
