#include "mockbraze/workspace/recorder.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

std::size_t Bytes(const RecordedRequest& recorded) {
  const Request& request = recorded.request;
  std::size_t bytes = sizeof(recorded) + request.body.size() + request.path.size() +
                      request.query.size() + recorded.answer.size();
  for (const auto& [name, value] : request.headers) bytes += name.size() + value.size() + 64;
  return bytes;
}

}  // namespace

std::uint64_t Recorder::Add(Request request, Clock::Time received, std::string fault) {
  const std::lock_guard lock(mutex_);
  requests_.push_back({++numbers_, received, std::move(request), std::move(fault), 0, false, {}});
  bytes_ += Bytes(requests_.back());
  Trim();
  return numbers_;
}

void Recorder::Trim() {
  while (requests_.size() > limits::recorded_requests_max || bytes_ > limits::recorded_bytes_max) {
    bytes_ -= Bytes(requests_.front());
    requests_.pop_front();
  }
}

void Recorder::SetAnswer(std::uint64_t number, const Response* response) {
  const std::lock_guard lock(mutex_);
  if (requests_.empty() || number < requests_.front().number || number > requests_.back().number) {
    return;
  }
  RecordedRequest& recorded = requests_[number - requests_.front().number];
  recorded.unanswered = response == nullptr;
  if (!response) return;
  recorded.status = response->status;
  recorded.answer = response->body.substr(0, limits::recorded_answer_bytes_max);
  bytes_ += recorded.answer.size();
  Trim();
}

void Recorder::Reset() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  bytes_ = 0;
}

}  // namespace mockbraze
