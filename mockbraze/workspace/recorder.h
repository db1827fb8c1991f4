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
  Request request;
  std::string fault;        // the fault that hit the request, as written; empty: none
  int status = 0;           // 0: not answered (yet)
  bool unanswered = false;  // it never will be
  std::string answer;       // its body, the first limits::recorded_answer_bytes_max of it
};

// Keeps the latest requests to Braze's paths: limits::recorded_requests_max of them, and at most
// limits::recorded_bytes_max in all. Thread safety: all calls from any thread.
class Recorder {
 public:
  // Returns the number of the request.
  std::uint64_t Add(Request request, Clock::Time received, std::string fault);
  // Null: it will never be answered. Does nothing when the request is gone.
  void SetAnswer(std::uint64_t number, const Response* response);

  // All that are kept, newest last, of which `wanted` answers true: the latest `limit`.
  template <typename Wanted>
  std::vector<RecordedRequest> Latest(std::size_t limit, Wanted wanted) const;
  // Numbers go on, so that a request from before cannot be taken for one from after.
  void Reset();

 private:
  void Trim();

  mutable std::mutex mutex_;
  std::deque<RecordedRequest> requests_;
  std::size_t bytes_ = 0;
  std::uint64_t numbers_ = 0;
};

template <typename Wanted>
std::vector<RecordedRequest> Recorder::Latest(std::size_t limit, Wanted wanted) const {
  std::deque<RecordedRequest> latest;
  const std::lock_guard lock(mutex_);
  for (auto one = requests_.rbegin(); one != requests_.rend() && latest.size() < limit; ++one) {
    if (wanted(*one)) latest.push_front(*one);
  }
  return {std::make_move_iterator(latest.begin()), std::make_move_iterator(latest.end())};
}

}  // namespace mockbraze
