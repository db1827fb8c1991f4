#include "bench/phase_watch.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/time/clock.h"

namespace peaksync::bench {
namespace {

constexpr std::chrono::milliseconds kInterval(200);
constexpr int kArrivalsPerLook = 10;
constexpr std::size_t kArrivalsMax = 100'000;  // Requests of a phase, some 5 hours of it.

// The looks from `begin` on, counted from there.
Accepted Since(const Accepted& accepted, absl::Time begin, std::int64_t objects) {
  Accepted since{{begin, 0}};
  for (const auto& [time, count] : accepted) {
    if (time > begin) since.emplace_back(time, count - (accepted.back().second - objects));
  }
  return since;
}

// When so many objects had been accepted, between the looks by proportion.
absl::Time TimeOf(const Accepted& accepted, double objects) {
  for (std::size_t i = 1; i < accepted.size(); ++i) {
    const auto& [time, count] = accepted[i];
    if (static_cast<double>(count) < objects) continue;
    const auto& [time_before, before] = accepted[i - 1];
    if (count == before) return time;
    return time_before + (time - time_before) * ((objects - static_cast<double>(before)) /
                                                 static_cast<double>(count - before));
  }
  return accepted.back().first;
}

}  // namespace

PhaseWatch::PhaseWatch(const std::string& mock_url, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) mocks_.emplace_back(mock_url, key);
}

PhaseWatch::~PhaseWatch() { Stop().IgnoreError(); }

void PhaseWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

absl::Status PhaseWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  return status_;
}

void PhaseWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!stops_) {
    lock.unlock();
    status_.Update(Look());
    lock.lock();
    changed_.wait_for(lock, kInterval, [this] { return stops_; });
  }
  lock.unlock();
  status_.Update(Look());  // What came last.
}

absl::Status PhaseWatch::Look() {
  std::int64_t objects = 0;
  for (MockReader& mock : mocks_) {
    const auto stats = mock.Stats();
    if (!stats.ok()) return stats.status();
    objects += stats->attribute_objects;
  }
  accepted_.emplace_back(absl::Now(), objects);
  if (arrivals_.size() >= kArrivalsMax) return absl::OkStatus();
  auto latest =
      mocks_.front().Arrivals(arrivals_.empty() ? 0 : arrivals_.back().number, kArrivalsPerLook);
  if (!latest.ok()) return latest.status();
  std::ranges::move(*latest, std::back_inserter(arrivals_));
  return absl::OkStatus();
}

double DeliveringRate(const Accepted& accepted, absl::Time begin, std::int64_t objects) {
  constexpr std::size_t kLooksMin = 5;
  const Accepted since = Since(accepted, begin, objects);
  if (since.size() < kLooksMin) return 0;
  const auto all = static_cast<double>(objects);
  const double seconds = absl::ToDoubleSeconds(TimeOf(since, 0.9 * all) - TimeOf(since, 0.1 * all));
  return seconds > 0 ? 0.8 * all / seconds : 0;
}

std::vector<std::pair<double, std::int64_t>> TimelineOf(const Accepted& accepted, absl::Time begin,
                                                        std::int64_t objects,
                                                        std::size_t points_max) {
  std::vector<std::pair<double, std::int64_t>> all;
  for (const auto& [time, count] : Since(accepted, begin, objects)) {
    if (time > begin) all.emplace_back(absl::ToDoubleSeconds(time - begin), count);
  }
  if (all.size() <= points_max) return all;
  std::vector<std::pair<double, std::int64_t>> some;
  for (std::size_t i = 0; i < points_max; ++i) {
    some.push_back(all[i * (all.size() - 1) / (points_max - 1)]);
  }
  return some;
}

}  // namespace peaksync::bench
