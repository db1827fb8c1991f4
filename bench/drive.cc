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

absl::Status RunPhases(Rig& rig, std::vector<PhaseReport>* reports) {
  double top_rate = 0;
  for (const PhaseSpec& spec : rig.options().phases) {
    if (spec.kind == PhaseKind::kNew && rig.is_reused()) continue;
    std::fprintf(stderr, "%-16s ... ", spec.label.c_str());
    auto phase = PhaseRunner(rig, spec, top_rate).Run();
    if (!phase.ok()) {
      std::fprintf(stderr, "failed\n");
      return phase.status();
    }
    Show(*phase);
    if (spec.kind == PhaseKind::kChanged && phase->rate <= 0) {
      top_rate = std::max(top_rate, phase->customers_per_second());
    }
    reports->push_back(*std::move(phase));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DriveReport> Drive(const DriveOptions& options) {
  if (absl::Status good = CheckOptions(options); !good.ok()) return good;
  auto rig = Rig::Start(options);
  if (!rig.ok()) return rig.status();
  const bool has_new = options.phases.empty() || options.phases.front().kind == PhaseKind::kNew;
  if (!has_new && !(*rig)->is_reused()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.ledger_folder, " has no ledger yet: the first phase must be 'new'"));
  }
  DriveReport report;
  report.failure = RunPhases(**rig, &report.phases);
  if (report.failure.ok() && options.parts) {
    auto parts = MeasureParts(**rig);
    report.failure = parts.status();
    if (parts.ok()) report.parts = *std::move(parts);
  }
  if (report.failure.ok()) report.failure = (*rig)->Finish();
  return report;
}

}  // namespace peaksync::bench
