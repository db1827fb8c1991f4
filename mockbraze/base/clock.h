#pragma once

#include <chrono>

namespace mockbraze {

// Where the mock takes the time from: rate windows, processing delay, time stamps.
// Thread safety: Now() may be called from any thread.
class Clock {
 public:
  using Time = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace mockbraze
