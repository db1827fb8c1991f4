#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace peaksync::client {

// What progress is told of.
struct ProgressState {
  bool waiting = false;  // All is received; Braze's answers are awaited.
  std::int64_t rows_read = 0;
  std::int64_t bytes_read = 0;
  std::optional<std::int64_t> bytes_total;
  std::int64_t updates_received = 0;  // Acknowledged by the service.
  std::int64_t values_received = 0;
  std::int64_t values_pending = 0;
  std::string trouble;  // Why nothing moves, if so.
  absl::Duration elapsed;
};

// One line about it: `[=====>    ] 52 %  1,204,000 rows  201,000/s`. Pure.
std::string BarText(const ProgressState& state);
// The same without a bar, for logs.
std::string PlainText(const ProgressState& state);
// 1204000 as `1,204,000`.
std::string WithCommas(std::int64_t number);

enum class ProgressStyle : std::uint8_t { kNone, kPlain, kBar };

// Messages and progress on standard error, so that neither tears the other apart.
//
// Lifetime: `out` must outlive it. Thread safety: none.
class Console {
 public:
  Console(std::ostream& out, ProgressStyle style) : out_(out), style_(style) {}
  ~Console() { Clear(); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // A line for the person.
  void Say(std::string_view text);
  // Shows progress if it is time: ten times a second on a terminal, every five seconds elsewhere.
  void Show(const ProgressState& state, absl::Time now);
  // Takes the bar away.
  void Clear();

 private:
  std::ostream& out_;
  const ProgressStyle style_;
  bool bar_is_shown_ = false;
  std::optional<absl::Time> next_;
};

}  // namespace peaksync::client
