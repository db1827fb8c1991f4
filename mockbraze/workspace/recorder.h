#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "mockbraze/base/clock.h"
#include "mockbraze/http/http_message.h"

namespace mockbraze {

struct RecordedRequest {
  std::uint64_t number = 0;  // 1 for the first
  Clock::Time received;
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  std::string body;
  int status = 0;     // 0: not answered (yet)
  std::string fault;  // the fault that hit the request, as written; empty: none
};

// Keeps the latest requests to Braze's paths: limits::recorded_requests_max of them, and at most
// limits::recorded_bytes_max in all. Thread safety: all calls from any thread.
class Recorder {
 public:
  // Returns the number of the request.
  std::uint64_t Add(RecordedRequest request);
  // Does nothing when the request is gone.
  void SetOutcome(std::uint64_t number, int status, std::string fault);

  // The latest, newest last.
  std::vector<RecordedRequest> Latest(std::size_t limit) const;
  void Reset();

 private:
  mutable std::mutex mutex_;
  std::deque<RecordedRequest> requests_;
  std::size_t bytes_ = 0;
  std::uint64_t numbers_ = 0;
};

}  // namespace mockbraze
