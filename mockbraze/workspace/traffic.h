#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace mockbraze {

struct TrafficCounters {
  std::uint64_t requests = 0;    // to Braze's paths, by arrival
  std::uint64_t unanswered = 0;  // reset or left hanging by a fault
  std::map<int, std::uint64_t> requests_by_status;
  std::uint64_t bulk_header_requests = 0;
  std::uint64_t max_objects_per_request = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t max_in_flight = 0;
  std::uint64_t max_in_flight_per_customer = 0;
};

// Counts requests as they come and go, and who is in flight: from the moment a request has been
// read to the moment before its answer is written, latency included. A customer that one request
// names several times counts once. A request that a fault leaves hanging is over when it begins to
// hang. Thread safety: all calls from any thread.
class Traffic {
 public:
  struct Arrival {
    bool bulk_header = false;
    std::uint64_t objects = 0;
    std::vector<std::uint64_t> customers;  // Identifier::Hash; sorted and made unique by Begin
  };
  // What End must be given back.
  struct Ticket {
    std::vector<std::uint64_t> customers;
    std::uint64_t epoch = 0;
  };

  Ticket Begin(Arrival arrival);
  // Status 0: there was no answer.
  void End(const Ticket& ticket, int status);

  TrafficCounters counters() const;
  // Requests in flight across a reset are not counted after it.
  void Reset();

 private:
  mutable std::mutex mutex_;
  TrafficCounters counters_;
  std::unordered_map<std::uint64_t, std::uint64_t> customers_;
  std::uint64_t epoch_ = 0;
};

}  // namespace mockbraze
