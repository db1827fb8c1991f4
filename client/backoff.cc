#include "client/backoff.h"

#include <algorithm>
#include <random>
#include <utility>

#include "client/text.h"

namespace peaksync::client {

Backoff::Backoff(std::function<double()> random, absl::Duration min, absl::Duration max)
    : random_(std::move(random)), min_(min), max_(max), bound_(min) {}

absl::Duration Backoff::Next() {
  const absl::Duration wait = random_() * bound_;
  bound_ = std::min(2 * bound_, max_);
  return wait;
}

std::function<double()> SystemRandom() {
  return [generator = std::mt19937_64(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(generator);
  };
}

std::string RandomId() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) Append(&id, absl::Hex(device(), absl::kZeroPad8));
  return id;
}

}  // namespace peaksync::client
