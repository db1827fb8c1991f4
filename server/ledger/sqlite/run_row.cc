#include "server/ledger/sqlite/run_row.h"

namespace peaksync {

StoredRun ReadRunRow(const Statement& row) {
  StoredRun stored;
  Run& run = stored.run;
  int column = 0;
  const auto integer = [&] { return row.Integer(column++); };
  const auto text = [&] { return std::string(row.Text(column++)); };
  const auto optional = [&] { return row.OptionalInteger(column++); };
  stored.number = integer();
  run.run_id = text();
  stored.source_id = static_cast<std::uint32_t>(integer());
  run.state = static_cast<RunState>(integer());
  run.state_reason = text();
  run.kind = static_cast<RunKind>(integer());
  run.mode = static_cast<RunMode>(integer());
  run.client = text();
  run.request_id = text();
  run.create_time = integer();
  run.default_updated_at = integer();
  run.receive_time = optional();
  run.complete_time = optional();
  run.last_sequence = integer();
  for (std::int64_t* count : {&run.values.received, &run.values.unchanged, &run.values.stale,
                              &run.values.invalid, &run.values.superseded, &run.values.confirmed,
                              &run.values.rejected, &run.values.discarded, &run.updates.received,
                              &run.updates.invalid, &run.updates.changed, &run.updates.unchanged}) {
    *count = integer();
  }
  run.from_cursor = optional();
  run.cursor = optional();
  run.stale_newest_known_time = optional();
  run.source = text();
  return stored;
}

}  // namespace peaksync
