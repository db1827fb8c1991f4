#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
};

// Asks the mock what has arrived. Thread safety: one thread.
class MockReader {
 public:
  explicit MockReader(std::string url);
  ~MockReader();
  MockReader(const MockReader&) = delete;
  MockReader& operator=(const MockReader&) = delete;

  absl::StatusOr<MockStats> Stats();
  // OK when the mock's profile has exactly this prediction; the error says what differs.
  absl::Status CheckCustomer(const std::string& id, const Prediction& expected);

 private:
  struct Impl;
  absl::StatusOr<std::string> Get(const std::string& path);

  std::string url_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::bench
