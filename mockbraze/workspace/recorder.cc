#include "mockbraze/workspace/recorder.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

std::size_t Bytes(const RecordedRequest& request) {
  std::size_t bytes =
      sizeof(request) + request.body.size() + request.path.size() + request.query.size();
  for (const auto& [name, value] : request.headers) bytes += name.size() + value.size() + 64;
  return bytes;
}

}  // namespace

std::uint64_t Recorder::Add(RecordedRequest request) {
  const std::lock_guard lock(mutex_);
  request.number = ++numbers_;
  bytes_ += Bytes(request);
  requests_.push_back(std::move(request));
  while (requests_.size() > limits::recorded_requests_max || bytes_ > limits::recorded_bytes_max) {
    bytes_ -= Bytes(requests_.front());
    requests_.pop_front();
  }
  return numbers_;
}

void Recorder::SetOutcome(std::uint64_t number, int status, std::string fault) {
  const std::lock_guard lock(mutex_);
  if (requests_.empty() || number < requests_.front().number || number > requests_.back().number) {
    return;
  }
  RecordedRequest& request = requests_[number - requests_.front().number];
  request.status = status;
  request.fault = std::move(fault);
}

std::vector<RecordedRequest> Recorder::Latest(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, requests_.size()));
  return {requests_.end() - count, requests_.end()};
}

void Recorder::Reset() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  bytes_ = 0;
  // Numbers go on, so that a request from before cannot be taken for one from after.
}

}  // namespace mockbraze
