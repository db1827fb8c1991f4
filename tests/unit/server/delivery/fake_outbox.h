#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/ledger/ledger.h"

namespace peaksync::testing {

// The ledger's side of a lane: leases and takes back customers as the real one does, in memory. One
// attribute a customer; a newer value takes the place of the one that waits.
class FakeOutbox {
 public:
  static constexpr std::string_view kAttribute = "plan";
  static constexpr std::int64_t kOverhead = 256;  // Of a customer, in the estimate of bytes.

  void Add(const std::string& id, const std::string& json, absl::Time now);
  // A run is complete: what is ready now does not wait for linger.
  void Flush();

  std::vector<LeasedBatch> Lease(const LeaseRequest& request, absl::Time now);
  ReadyState Ready(absl::Time now);

  struct Flying {
    std::string id;
    std::string json;
  };
  // What a lease handed out; nullptr when it was settled already, or never given.
  const Flying* Find(LeaseId lease) const;
  void Settle(const ObjectOutcome& outcome, absl::Time now);

  std::size_t leased() const { return leases_.size(); }
  // Nothing waits and nothing is leased.
  bool empty() const { return waiting_.empty() && leases_.empty(); }

 private:
  struct Waiting {
    std::string json;
    absl::Time since;
    absl::Time not_before = absl::InfinitePast();
    bool flying = false;  // Waits behind its own request.
    bool flush = false;
  };
  static std::int64_t Bytes(const std::string& json) {
    return static_cast<std::int64_t>(json.size()) + kOverhead;
  }
  void Place(const std::string& id, absl::Time now);
  void Promote(absl::Time now);

  std::map<std::string, Waiting> waiting_;
  std::deque<std::string> ready_;
  std::multimap<absl::Time, std::string> delayed_;
  std::int64_t ready_bytes_ = 0;
  std::int64_t flush_ = 0;
  std::map<LeaseId, Flying> leases_;
  std::map<std::string, LeaseId> flying_;
  LeaseId next_lease_ = 1;
};

}  // namespace peaksync::testing
