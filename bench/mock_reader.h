#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/population.h"

namespace peaksync::bench {

// The counters of /_mock/stats that the driver looks at (docs/mockbraze.md).
struct MockStats {
  std::int64_t requests = 0;
  std::int64_t attribute_objects = 0;
  std::int64_t attribute_values = 0;
  std::int64_t unchanged_values = 0;
  std::int64_t max_in_flight = 0;               // Since the mock's start.
  std::int64_t max_in_flight_per_customer = 0;  // Likewise.
  std::int64_t too_many = 0;                    // Answers 429.
};

// How the mock answers, from now on.
struct MockSettings {
  absl::Duration latency;
  // Requests in 3 s; further ones get a 429. 0: any number, and no header says otherwise.
  std::int64_t limit = 0;
};

// A request that the mock remembers.
struct MockArrival {
  std::int64_t number = 0;
  absl::Time received;
  std::vector<std::string> external_ids;
};

// Speaks with the mock, about the workspace of one key. Thread safety: one thread.
class MockReader {
 public:
  MockReader(std::string url, const std::string& key);
  ~MockReader();
  MockReader(MockReader&&) noexcept;
  MockReader& operator=(MockReader&&) noexcept;

  absl::StatusOr<MockStats> Stats();
  absl::Status Set(const MockSettings& settings);
  // Faults in the mock's grammar, in the place of those that are set.
  absl::Status SetFaults(const std::vector<std::string>& faults);
  // The latest requests whose number is greater than `after`, oldest first; 1,000 at most.
  absl::StatusOr<std::vector<MockArrival>> Arrivals(std::int64_t after, int limit);
  // OK when the mock's profile has exactly this prediction; the error says what differs.
  absl::Status CheckCustomer(const std::string& id, const Prediction& expected);

 private:
  struct Impl;
  absl::StatusOr<std::string> Get(const std::string& path);
  absl::Status Post(const std::string& path, const std::string& body);
  absl::StatusOr<std::string> Perform(const std::string& path, const std::string* body);

  std::string url_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::bench
