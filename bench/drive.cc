#include "bench/drive.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/parts.h"
#include "bench/phase_runner.h"
#include "bench/rig.h"

namespace peaksync::bench {
namespace {

absl::Status CheckOptions(const DriveOptions& options) {
  bool has_customers = !options.ledger_folder.empty();
  for (std::size_t i = 0; i < options.phases.size(); ++i) {
    const PhaseSpec& spec = options.phases[i];
    if (spec.kind == PhaseKind::kNew) {
      has_customers = true;
      if (i > 0) return absl::InvalidArgumentError("phase 'new' can only be the first");
    }
    if (!has_customers) return absl::InvalidArgumentError("the first phase must be 'new'");
    for (std::size_t before = 0; before < i; ++before) {
      if (options.phases[before].label == spec.label) {
        return absl::InvalidArgumentError(
            absl::StrCat("two phases are named '", spec.label, "'; give one of them as=NAME"));
      }
    }
  }
  return absl::OkStatus();
}

void Show(const PhaseReport& report) {
  if (report.restart) {
    std::fprintf(stderr, "%.1f s to the first request\n", report.restart->first_request_seconds);
  } else {
    std::fprintf(stderr, "%.0f/s\n", report.customers_per_second());
  }
}

}  // namespace

absl::StatusOr<DriveReport> Drive(const DriveOptions& options) {
  if (absl::Status good = CheckOptions(options); !good.ok()) return good;
  auto rig = Rig::Start(options);
  if (!rig.ok()) return rig.status();
  DriveReport report;
  double top_rate = 0;
  for (const PhaseSpec& spec : options.phases) {
    const bool is_new = spec.kind == PhaseKind::kNew;
    if (is_new && (*rig)->is_reused()) continue;
    if (!is_new && report.phases.empty() && !(*rig)->is_reused()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.ledger_folder, " has no ledger yet: the first phase must be 'new'"));
    }
    std::fprintf(stderr, "%-16s ... ", spec.label.c_str());
    auto phase = PhaseRunner(**rig, spec, top_rate).Run();
    if (!phase.ok()) {
      std::fprintf(stderr, "failed\n");
      return phase.status();
    }
    Show(*phase);
    if (spec.kind == PhaseKind::kChanged && phase->rate <= 0) {
      top_rate = std::max(top_rate, phase->customers_per_second());
    }
    report.phases.push_back(*std::move(phase));
  }
  if (options.parts) {
    auto parts = MeasureParts(**rig);
    if (!parts.ok()) return parts.status();
    report.parts = *std::move(parts);
  }
  if (absl::Status finished = (*rig)->Finish(); !finished.ok()) return finished;
  return report;
}

}  // namespace peaksync::bench
