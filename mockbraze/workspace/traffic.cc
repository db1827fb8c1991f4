#include "mockbraze/workspace/traffic.h"

#include <algorithm>
#include <utility>

namespace mockbraze {

Traffic::Ticket Traffic::Begin(Arrival arrival) {
  Ticket ticket{std::move(arrival.customers), 0};
  std::ranges::sort(ticket.customers);
  ticket.customers.erase(std::unique(ticket.customers.begin(), ticket.customers.end()),
                         ticket.customers.end());

  const std::lock_guard lock(mutex_);
  ticket.epoch = epoch_;
  ++counters_.requests;
  if (arrival.bulk_header) ++counters_.bulk_header_requests;
  counters_.max_objects_per_request = std::max(counters_.max_objects_per_request, arrival.objects);
  counters_.max_in_flight = std::max(counters_.max_in_flight, ++counters_.in_flight);
  for (const std::uint64_t customer : ticket.customers) {
    counters_.max_in_flight_per_customer =
        std::max(counters_.max_in_flight_per_customer, ++customers_[customer]);
  }
  return ticket;
}

void Traffic::End(const Ticket& ticket, int status) {
  const std::lock_guard lock(mutex_);
  if (ticket.epoch != epoch_) return;
  --counters_.in_flight;
  if (status == 0) {
    ++counters_.unanswered;
  } else {
    ++counters_.requests_by_status[status];
  }
  for (const std::uint64_t customer : ticket.customers) {
    const auto found = customers_.find(customer);
    if (--found->second == 0) customers_.erase(found);
  }
}

TrafficCounters Traffic::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Traffic::Reset() {
  const std::lock_guard lock(mutex_);
  counters_ = {};
  customers_.clear();
  ++epoch_;
}

}  // namespace mockbraze
