#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/report.h"
#include "client/row_source.h"

// What the commands about rejections, cancelling and resync print. Pure. JSON documents are
// described in docs/client.md.
namespace peaksync::client {

// Rejections, one per line; values and reasons shortened. `more`: how many others there are.
std::string RejectionsTable(const std::vector<v1::Rejection>& rejections, std::int64_t more);
std::string RejectionsJson(const std::vector<v1::Rejection>& rejections, std::int64_t more);

// Where rejections were written to.
struct ExportReport {
  std::string file;
  FileFormat format = FileFormat::kCsv;
  std::int64_t rejections = 0;
  std::int64_t rows = 0;  // Of JSON Lines: fewer, one for all values of an update.
};
std::string ExportJson(const ExportReport& report);

// What a retry came to.
struct RetryReport {
  absl::Status status;  // Why it did not come to its end; OK otherwise.
  ExitStatus exit = ExitStatus::kDone;
  bool waited = true;
  std::int64_t retried = 0;
  std::int64_t not_retriable = 0;
  std::vector<v1::SyncRun> runs;  // As last heard of.
};
std::string RetryTable(const RetryReport& report);
std::string RetryJson(const RetryReport& report);

// A canceled run: what was discarded and what is still delivered. JSON is that of a run.
std::string CancelTable(const v1::SyncRun& run);

// After a resync: how many values will be sent again, and what to do next.
std::string ResyncTable(std::int64_t values);

// {"discarded": 12}, {"values": 12}.
std::string CountJson(const std::string& name, std::int64_t count);

}  // namespace peaksync::client
