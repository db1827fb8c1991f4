#pragma once

#include "server/ledger/sqlite/statement.h"
#include "server/ledger/sqlite/store.h"

// What every query of runs selects, in the order in which ReadRunRow reads it.
#define PEAKSYNC_RUN_COLUMNS                                                                   \
  "r.run_number, r.run_id, r.source_id, r.state, r.state_reason, r.kind, r.mode, r.client, "   \
  "r.request_id, r.create_time, r.default_updated_at, r.receive_time, r.complete_time, "       \
  "r.last_sequence, r.values_received, r.values_unchanged, r.values_stale, r.values_invalid, " \
  "r.values_superseded, r.values_confirmed, r.values_rejected, r.values_discarded, "           \
  "r.updates_received, r.updates_invalid, r.updates_changed, r.updates_unchanged, "            \
  "r.from_cursor, r.cursor, r.stale_newest_known_time, s.name "                                \
  "FROM runs AS r JOIN sources AS s USING (source_id) "

namespace peaksync {

// The row that the statement stands on.
StoredRun ReadRunRow(const Statement& row);

}  // namespace peaksync
