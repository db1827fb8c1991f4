#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/mock_reader.h"

namespace peaksync::bench {

// Looks at the mock five times a second while a phase runs: how much has been accepted, and which
// requests came last. Each look costs the mock about a millisecond.
//
// Thread safety: Start and Stop on one thread; it has one of its own between them.
class PhaseWatch {
 public:
  // The accepted objects of all these workspaces are added up; arrivals are the first one's.
  PhaseWatch(const std::string& mock_url, const std::vector<std::string>& keys);
  ~PhaseWatch();
  PhaseWatch(const PhaseWatch&) = delete;
  PhaseWatch& operator=(const PhaseWatch&) = delete;

  void Start();
  // The error of the first look that failed.
  absl::Status Stop();

  // After Stop.
  const std::vector<std::pair<absl::Time, std::int64_t>>& accepted() const { return accepted_; }
  const std::vector<MockArrival>& arrivals() const { return arrivals_; }

 private:
  void Run();
  absl::Status Look();

  std::vector<MockReader> mocks_;
  // Of the thread, until Stop.
  std::vector<std::pair<absl::Time, std::int64_t>> accepted_;
  std::vector<MockArrival> arrivals_;
  absl::Status status_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stops_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

// Objects that had been accepted, by time.
using Accepted = std::vector<std::pair<absl::Time, std::int64_t>>;

// The last `objects` of them came from `begin` on. Customers/s between the moments at which 10 and
// 90 % of these had been accepted; 0 when there were too few looks to tell.
double DeliveringRate(const Accepted& accepted, absl::Time begin, std::int64_t objects);

// Of the same, at most `points_max` looks: seconds since `begin`, objects since then.
std::vector<std::pair<double, std::int64_t>> TimelineOf(const Accepted& accepted, absl::Time begin,
                                                        std::int64_t objects,
                                                        std::size_t points_max);

}  // namespace peaksync::bench
