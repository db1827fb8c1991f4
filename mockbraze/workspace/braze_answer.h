#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "mockbraze/base/clock.h"
#include "mockbraze/base/json.h"
#include "mockbraze/http/http_message.h"

namespace mockbraze {

// Dresses bodies as answers of Braze: the headers of docs/braze-contract.md section 11, among them
// the rate headers of section 1.9 with the reset in epoch seconds. The limit is counted and shown,
// not enforced yet.
// Thread safety: all calls from any thread.
class AnswerMaker {
 public:
  // The clock must outlive the maker.
  AnswerMaker(std::uint64_t seed, const Clock& clock) : seed_(seed), clock_(clock) {}

  // Counts one request against the window.
  void CountRequest();

  Response Make(int status, std::string body, std::string_view content_type = "application/json");
  Response Make(int status, const Value& body) { return Make(status, ToJson(body)); }
  // {"message": text}
  Response Message(int status, std::string_view message);
  // Section 11: the three rate headers are there, and empty.
  Response InvalidKey(const std::string& key);

  void Reset();

 private:
  struct Rate {
    std::int64_t remaining;
    std::int64_t reset_s;
  };
  Rate CurrentRate();

  const std::uint64_t seed_;
  const Clock& clock_;
  std::mutex mutex_;
  std::int64_t window_ = 0;  // number of the window since the epoch
  std::int64_t used_ = 0;
  std::uint64_t answers_ = 0;
};

// The documented name of an error status (section 4.3), for bodies that are ours to choose.
std::string_view StatusMessage(int status);

}  // namespace mockbraze
