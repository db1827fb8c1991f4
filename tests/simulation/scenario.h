#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "peaksync/v1/customer.pb.h"
#include "server/delivery/lane.h"
#include "server/rules/rules.h"
#include "tests/simulation/random.h"

namespace peaksync::simulation {

// What Braze can do to any request, whatever is in it.
enum class BrazeFault : std::uint8_t {
  kUnnamedError,
  kHtml,
  kEmpty,
  kTruncated,
  kQueued,
  kPlain200,
  kDenied401,
  kDenied403,
  kDenied404,
  kRedirect,
  kOther4xx,
  kLimitedReset,
  kLimitedRemaining,
  kLimitedRetryAfter,
  kLimitedBare,
  kTimeout408,
  kFailed500,
  kUnavailable503,
  kGateway504,
  kResetBefore,
  kResetAfter,
  kTimedOut,
  kNotConnected,
  kEnd,
};

// How Braze refuses a customer's objects, always.
enum class Poison : std::uint8_t { kNone, kNamed201, kNamed400, kBare400, kUnnamed, kTooLarge };

struct SimulatedCustomer {
  std::string key;                     // The simulation's own name of the profile.
  std::vector<v1::Customer> spelling;  // One person, as clients may write it.
  Poison poison = Poison::kNone;
  bool exists = true;  // Braze has the profile from the start.
};

// What a seed's history is like: which faults it has, how often, and how the service is configured.
// Each seed turns some faults off, since histories with all of them are all alike.
struct Scenario {
  explicit Scenario(std::uint64_t seed);

  std::vector<SimulatedCustomer> customers;
  std::vector<BrazeFault> faults;  // That are on.
  int fault_percent = 0;           // Of the requests.
  bool refuses_all = false;        // Has times when Braze refuses every request alike.
  std::size_t body_bytes_max = 0;  // A larger body gets 413 unless its object is alone.
  int slow_percent = 0;            // Of the requests.
  bool create_profiles = true;     // Of the tenant; else Braze ignores who does not exist.

  LaneOptions lane;
  std::vector<std::shared_ptr<const TenantRules>> rules;  // The first, then those of reloads.
  int group_updates_max = 0;

  // Per mille of the steps.
  int kill = 0;
  int terminate = 0;
  int disk_fault = 0;
  int key_fault = 0;
  int cancel = 0;
  int retry = 0;
  int resync = 0;
  int reload = 0;
  int long_pause = 0;
  int clock_jump = 0;
  int low_disk = 0;
  int move = 0;  // To another workspace.
  int back_up = 0;
  int restore = 0;
  int new_profile = 0;  // Braze gets one that did not exist.

  // Percent.
  int full_runs = 0;
  int invalid_values = 0;
  int broken_streams = 0;
  int updates_of_one = 0;
  int updates = 0;  // In the history, at least.

  bool counts_every_commit = false;  // The outbox is counted on the disk after each of them.
};

}  // namespace peaksync::simulation
