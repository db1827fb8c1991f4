#include "client/progress.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/limits.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {
namespace {

constexpr int kBarWidth = 24;

// How much is done, in percent; nothing when it is not known.
std::optional<int> Percent(std::int64_t done, std::int64_t total) {
  if (total <= 0) return std::nullopt;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  return std::clamp(static_cast<int>(100 * share), 0, 100);
}

std::optional<int> Percent(const ProgressState& state) {
  if (state.waiting) {
    return Percent(state.values_received - state.values_pending, state.values_received);
  }
  return state.bytes_total ? Percent(state.bytes_read, *state.bytes_total) : std::nullopt;
}

}  // namespace

std::string WithCommas(std::int64_t number) {
  std::string text = Cat(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string PlainText(const ProgressState& state) {
  const std::optional<int> percent = Percent(state);
  const std::string share = percent ? Cat(*percent, " %, ") : "";
  const std::string trouble = state.trouble.empty() ? "" : Cat("; ", state.trouble);
  if (state.waiting) {
    return Cat("waiting for Braze: ", share, WithCommas(state.values_pending), " of ",
               WithCommas(state.values_received), " values left, ", DurationText(state.elapsed),
               trouble);
  }
  const double seconds = std::max(absl::ToDoubleSeconds(state.elapsed), 0.001);
  const auto rate = static_cast<std::int64_t>(static_cast<double>(state.rows_read) / seconds);
  return Cat("sending: ", share, WithCommas(state.rows_read), " rows read, ",
             WithCommas(state.updates_received), " received, ", WithCommas(rate), " rows/s",
             trouble);
}

std::string BarText(const ProgressState& state) {
  std::string bar;
  if (const std::optional<int> percent = Percent(state)) {
    const int full = *percent * kBarWidth / 100;
    bar = Cat("[", std::string(static_cast<std::size_t>(full), '='), full < kBarWidth ? ">" : "",
              std::string(static_cast<std::size_t>(std::max(0, kBarWidth - full - 1)), ' '), "] ");
  }
  return bar + PlainText(state);
}

void Console::Say(std::string_view text) {
  Clear();
  out_ << text << '\n' << std::flush;
}

void Console::Show(const ProgressState& state, absl::Time now) {
  if (style_ == ProgressStyle::kNone) return;
  const bool is_bar = style_ == ProgressStyle::kBar;
  const absl::Duration interval = is_bar ? limits::kBarInterval : limits::kPlainInterval;
  // The first plain line only after an interval: a short push stays silent.
  if (!next_) next_ = is_bar ? now : now + interval;
  if (now < *next_) return;
  next_ = now + interval;
  if (is_bar) {
    out_ << '\r' << BarText(state) << "\x1b[K" << std::flush;
    bar_is_shown_ = true;
  } else {
    out_ << PlainText(state) << '\n' << std::flush;
  }
}

void Console::Clear() {
  if (!bar_is_shown_) return;
  out_ << "\r\x1b[K" << std::flush;
  bar_is_shown_ = false;
}

}  // namespace peaksync::client
