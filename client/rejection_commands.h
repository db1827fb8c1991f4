#pragma once

#include <string>

#include "client/exit_status.h"
#include "client/output.h"
#include "client/push_options.h"
#include "client/rejection_filter.h"

namespace peaksync::client {

// The flags of `rejections export`, as they were given.
struct ExportFlags {
  RejectionFlags filter;
  std::string file;
  std::string format;  // csv, jsonl or empty.
};

// The flags of `rejections retry`, as they were given.
struct RetryFlags {
  RejectionFlags filter;
  bool wait = true;
  std::string timeout = "1h";
  std::string pause_timeout = "30s";
};

// The commands about values that were refused, and `resync`. Each says on `err` why it did not come
// to its end; the status is the process's.
//
// The oldest `limit`, and how many more there are.
ExitStatus RunRejectionsList(const CommonOptions& common, const RejectionFlags& flags, int limit,
                             Output output);
ExitStatus RunRejectionsExport(const CommonOptions& common, const ExportFlags& flags,
                               Output output);
ExitStatus RunRejectionsRetry(const CommonOptions& common, const RetryFlags& flags, Output output);
// `yes`: without asking.
ExitStatus RunRejectionsDiscard(const CommonOptions& common, const RejectionFlags& flags, bool yes,
                                Output output);
ExitStatus RunResync(const CommonOptions& common, const ResyncFlags& flags, bool yes,
                     Output output);

}  // namespace peaksync::client
