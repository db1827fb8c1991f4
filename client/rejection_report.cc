#include "client/rejection_report.h"

#include "client/customer_text.h"
#include "client/limits.h"
#include "client/progress.h"
#include "client/table.h"
#include "client/text.h"
#include "client/value_json.h"

namespace peaksync::client {
namespace {

std::string ValueCell(const v1::Attribute& attribute) {
  if (!attribute.has_value()) return "(not kept)";
  return OneLine(JsonText(attribute.value()), limits::kShownCharactersMax);
}

}  // namespace

std::string RejectionsTable(const std::vector<v1::Rejection>& rejections, std::int64_t more) {
  if (rejections.empty()) return "no rejections\n";
  std::vector<std::vector<std::string>> rows = {
      {"CUSTOMER", "ATTRIBUTE", "VALUE", "REFUSED", "KIND", "RUN", "ATTEMPTS", "REASON"}};
  for (const v1::Rejection& rejection : rejections) {
    rows.push_back({OneLine(CustomerText(rejection.customer()), limits::kShownCharactersMax),
                    OneLine(rejection.attribute().name(), limits::kShownCharactersMax),
                    ValueCell(rejection.attribute()), TimeName(rejection.reject_time()),
                    KindText(rejection.kind()), rejection.run_id(), Cat(rejection.attempts()),
                    OneLine(rejection.reason(), limits::kReasonCharactersMax)});
  }
  std::string out = Grid(rows);
  if (more > 0) {
    Append(&out, "… and ", WithCommas(more),
           " more; --limit N shows more, `peaksync rejections export` writes all\n");
  }
  return out;
}

std::string RetryTable(const RetryReport& report) {
  std::string out;
  AddLine("retried", Cat(WithCommas(report.retried), " values"), &out);
  if (report.not_retriable > 0) {
    AddLine("not retried",
            Cat(WithCommas(report.not_retriable),
                " values: too large to be kept, or no JSON can hold them. Push them again"),
            &out);
  }
  if (report.runs.empty()) {
    if (report.status.ok()) Append(&out, "No rejection could be tried again: no run was made.\n");
    return out;
  }
  Append(&out, "\n", RunsTable(report.runs));
  if (!report.waited) {
    Append(&out, "\nNot waited for Braze. `peaksync runs watch RUN` shows how each goes on.\n");
  }
  return out;
}

std::string CancelTable(const v1::SyncRun& run) {
  std::string out = Cat(RunTable(run), "\n", WithCommas(run.values().discarded()),
                        " values of it were discarded");
  if (run.values().pending() == 0) return out + "; nothing of it waits any more.\n";
  Append(&out, ". ", WithCommas(run.values().pending()),
         " are still delivered: they are on their way to Braze, or another run brought them too. "
         "`peaksync runs show ",
         run.run_id(), "` tells how it ends.\n");
  return out;
}

std::string ResyncTable(std::int64_t values) {
  return Cat(
      WithCommas(values),
      " values are sent again by the next runs.\n"
      "Next: push the current data. A push sends what its file holds; a selection that holds "
      "only changes\nleaves the others for later, so select everything once. `--full` sends "
      "every value of the file, also\nthose that were not resynced.\n");
}

}  // namespace peaksync::client
