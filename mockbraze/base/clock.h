#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace mockbraze {

// Where the mock takes the time from: rate windows, processing delay, time stamps.
// Thread safety: Now() may be called from any thread.
class Clock {
 public:
  // Milliseconds: nanoseconds since 1970 would end in 2262, and Braze's dates go to 3000.
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;

  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now());
  }
};

// Another clock's time, moved or stopped by a test. The other clock must outlive this one.
// Thread safety: all calls from any thread; one that moves the clock at a time.
class MovableClock final : public Clock {
 public:
  explicit MovableClock(const Clock& base) : base_(base) {}

  Time Now() const override {
    const std::int64_t stopped = stopped_at_;
    if (stopped != runs) return Time(Time::duration(stopped));
    return base_.Now() + Time::duration(offset_);
  }
  bool stopped() const { return stopped_at_ != runs; }

  void Set(Time now) {
    offset_ = (now - base_.Now()).count();
    if (stopped()) stopped_at_ = now.time_since_epoch().count();
  }
  void Stop() { stopped_at_ = Now().time_since_epoch().count(); }
  // Goes on from where it stopped.
  void Run() {
    const Time now = Now();
    stopped_at_ = runs;
    Set(now);
  }
  void Reset() {
    offset_ = 0;
    stopped_at_ = runs;
  }

 private:
  static constexpr std::int64_t runs = std::numeric_limits<std::int64_t>::min();

  const Clock& base_;
  std::atomic<std::int64_t> offset_{0};
  std::atomic<std::int64_t> stopped_at_{runs};
};

}  // namespace mockbraze
