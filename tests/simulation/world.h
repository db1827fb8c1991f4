#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/random.h"

namespace peaksync::simulation {

// Virtual time, chance, the story of what happened, and the first rule that was broken: what all
// parts of a history share. Thread safety: none.
class World final : public Clock {
 public:
  World(std::uint64_t seed, bool verbose) : random(seed), verbose_(verbose) {}

  // What the service's machine takes for the time of day; events never go by it.
  absl::Time Now() const override { return now_ + jumped_; }
  absl::Time Steady() const override { return now_; }
  std::int64_t NowNanos() const { return absl::ToUnixNanos(Now()); }
  // The time of day on everybody else's machine.
  std::int64_t ClientNanos() const { return absl::ToUnixNanos(now_); }
  // Somebody sets the clock of the service's machine wrong by so much; zero: right again.
  void SetJump(absl::Duration jump) { jumped_ = jump; }

  void At(absl::Time when, std::function<void()> what) {
    events_.emplace(std::max(when, now_), std::move(what));
  }
  void After(absl::Duration delay, std::function<void()> what) {
    At(now_ + delay, std::move(what));
  }
  // Turns until then, or until a rule is broken.
  void RunUntil(absl::Time end) {
    while (!broken() && !events_.empty() && events_.begin()->first <= end) {
      now_ = events_.begin()->first;
      const std::function<void()> event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    }
    if (!broken()) now_ = std::max(now_, end);
  }

  // The story, step by step; its last lines are printed when a rule is broken.
  template <typename... Args>
  void Tell(const Args&... args) {
    std::string line = absl::StrFormat("%12.3f  ", Elapsed()) + Text(args...);
    for (const char c : line) {
      digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
    if (verbose_) std::puts(line.c_str());
    story_.push_back(std::move(line));
    if (story_.size() > kStoryLines) story_.pop_front();
  }
  const std::deque<std::string>& story() const { return story_; }
  // Of the whole story: equal histories have equal ones.
  std::uint64_t digest() const { return digest_; }

  template <typename... Args>
  void Break(const Args&... args) {
    if (broken()) return;
    broken_ = Text(args...);
    Tell("BROKEN: ", broken_);
  }
  bool broken() const { return !broken_.empty(); }
  const std::string& what_is_broken() const { return broken_; }

  Random random;
  Coverage coverage;

 private:
  static constexpr std::size_t kStoryLines = 60;
  template <typename... Args>
  static std::string Text(const Args&... args) {
    std::ostringstream text;
    (text << ... << args);
    return std::move(text).str();
  }
  double Elapsed() const { return absl::ToDoubleSeconds(now_ - start_); }

  const absl::Time start_ = absl::FromUnixSeconds(1'790'000'000);
  absl::Time now_ = start_;
  absl::Duration jumped_ = absl::ZeroDuration();
  std::multimap<absl::Time, std::function<void()>> events_;
  std::deque<std::string> story_;
  std::uint64_t digest_ = 0xCBF29CE484222325ULL;
  std::string broken_;
  bool verbose_;
};

}  // namespace peaksync::simulation
