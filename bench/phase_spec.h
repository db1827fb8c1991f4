#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace peaksync::bench {

// What is streamed in a phase, and what must come of it.
enum class PhaseKind {
  kNew,             // Customers that nobody knows. All of them, once.
  kChanged,         // All five attributes differ; updated_at is newer.
  kUnchanged,       // The same again, with the same updated_at.
  kUnchangedNewer,  // The same again with a newer updated_at, which has to be made durable.
  kRestart,         // Changed while Braze refuses the key; kill -9; start; what waits is sent.
};

// One phase of a run, as `--phase` says it. What it leaves open is as the run's own options say.
struct PhaseSpec {
  static constexpr int kPassesMax = 100;
  static constexpr std::uint32_t kCustomersMax = 100'000'000;
  static constexpr int kBatchMax = 5'000;

  PhaseKind kind = PhaseKind::kNew;
  std::string label;            // Its name in the report.
  std::uint32_t customers = 0;  // Streamed a pass, drawn at random; 0: all.
  int passes = 1;               // One after another, in one life of the service.
  int batch_size = 0;           // Updates in a message; 0: as the run.
  std::optional<absl::Duration> latency;
  std::optional<bool> limiter;
  double rate = 0;         // Customers/s at which they are streamed; 0: as fast as is taken.
  bool half_rate = false;  // Half of what the fastest `changed` phase before it reached.
};

// KIND[,key=value…]: KIND is new, changed, unchanged, unchanged_newer or restart; keys are as=NAME,
// customers=N, passes=N, batch=N, latency=DURATION, limiter=on|off, rate=N|half.
// INVALID_ARGUMENT names the part at fault.
absl::StatusOr<PhaseSpec> ParsePhaseSpec(const std::string& text);

std::string_view NameOf(PhaseKind kind);

// 0ms to 1h as the mock's flags write them, "400ms"; INVALID_ARGUMENT otherwise.
absl::StatusOr<absl::Duration> ParseWait(const std::string& text);

}  // namespace peaksync::bench
