#include "bench/phase_spec.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kLatencyMax = absl::Hours(1);
constexpr double kRateMax = 1e9;

constexpr std::array kKinds = {
    std::pair{std::string_view("new"), PhaseKind::kNew},
    std::pair{std::string_view("changed"), PhaseKind::kChanged},
    std::pair{std::string_view("unchanged"), PhaseKind::kUnchanged},
    std::pair{std::string_view("unchanged_newer"), PhaseKind::kUnchangedNewer},
    std::pair{std::string_view("restart"), PhaseKind::kRestart},
};

template <typename T>
bool ReadNumber(const std::string& text, T max, T* number) {
  std::int64_t read = 0;
  if (!absl::SimpleAtoi(text, &read) || read < 1 || read > std::int64_t{max}) return false;
  *number = static_cast<T>(read);
  return true;
}

bool ReadRate(const std::string& text, PhaseSpec* spec) {
  spec->half_rate = text == "half";
  return spec->half_rate ||
         (absl::SimpleAtod(text, &spec->rate) && spec->rate > 0 && spec->rate <= kRateMax);
}

bool ReadSwitch(const std::string& text, std::optional<bool>* on) {
  if (text != "on" && text != "off") return false;
  *on = text == "on";
  return true;
}

bool ReadDuration(const std::string& text, std::optional<absl::Duration>* duration) {
  const auto read = ParseWait(text);
  if (!read.ok()) return false;
  *duration = *read;
  return true;
}

bool ReadKey(const std::string& key, const std::string& value, PhaseSpec* spec) {
  if (key == "as") spec->label = value;
  return (key == "as" && !value.empty()) ||
         (key == "customers" && ReadNumber(value, PhaseSpec::kCustomersMax, &spec->customers)) ||
         (key == "passes" && ReadNumber(value, PhaseSpec::kPassesMax, &spec->passes)) ||
         (key == "batch" && ReadNumber(value, PhaseSpec::kBatchMax, &spec->batch_size)) ||
         (key == "latency" && ReadDuration(value, &spec->latency)) ||
         (key == "limiter" && ReadSwitch(value, &spec->limiter)) ||
         (key == "rate" && ReadRate(value, spec));
}

}  // namespace

std::string_view NameOf(PhaseKind kind) {
  for (const auto& [name, one] : kKinds) {
    if (one == kind) return name;
  }
  return "unknown";
}

absl::StatusOr<absl::Duration> ParseWait(const std::string& text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration >= absl::ZeroDuration() &&
      duration <= kLatencyMax) {
    return duration;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no duration from 0ms to 1h, as 400ms"));
}

absl::StatusOr<PhaseSpec> ParsePhaseSpec(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  PhaseSpec spec;
  bool known = false;
  for (const auto& [name, kind] : kKinds) {
    if (name != parts[0]) continue;
    known = true;
    spec.kind = kind;
    spec.label = std::string(name);
  }
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat("phase '", parts[0],
                     "' is unknown; there are new, changed, unchanged, unchanged_newer, restart"));
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    if (!ReadKey(pair.first, pair.second, &spec)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "phase '", text, "': '", parts[i],
          "' is none of as=NAME, customers=N, passes=N, batch=N, latency=DURATION, limiter=on|off, "
          "rate=N|half, or its value is out of range"));
    }
  }
  if (spec.kind == PhaseKind::kNew && (spec.customers > 0 || spec.passes > 1)) {
    return absl::InvalidArgumentError("phase 'new' streams all customers once");
  }
  if (spec.kind == PhaseKind::kRestart && spec.passes > 1) {
    return absl::InvalidArgumentError("phase 'restart' has one pass");
  }
  return spec;
}

}  // namespace peaksync::bench
