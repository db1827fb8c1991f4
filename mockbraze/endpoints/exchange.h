#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/base/result.h"
#include "mockbraze/faults/fault.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/users/track_request.h"
#include "mockbraze/workspace/rate_limiter.h"
#include "mockbraze/workspace/workspace.h"

namespace mockbraze {

struct Exchange;

// One of Braze's endpoints. All take POST.
struct Route {
  std::string_view path;
  std::string_view permission;               // docs/braze-contract.md section 1.4
  RateBucket bucket = RateBucket::kGeneral;  // unless bucket_of is there
  std::size_t body_bytes_max = limits::track_body_bytes_max;
  bool takes_objects = false;  // the body is a TrackRequest
  // The answer to a request with a good key, within its limits, and a body that is a JSON object.
  // It may change the workspace; nothing of it waits.
  Response (*answer)(Exchange& exchange) = nullptr;
  // For an endpoint whose limit depends on the body, which may be missing or bad.
  RateBucket (*bucket_of)(const Exchange& exchange) = nullptr;
};

// The endpoint of a path; null when there is none.
const Route* FindRoute(std::string_view path);

// A request to one of Braze's paths on its way through the mock.
struct Exchange {
  std::shared_ptr<Workspace> workspace;
  std::shared_ptr<const Settings> settings;  // in force when it arrived
  const Route* route = nullptr;              // null: not Braze's, as far as the mock knows
  std::uint64_t number = 0;                  // 1 for the first since the faults were set
  std::uint64_t record = 0;                  // in the recorder
  std::string key;
  bool right_host = true;
  bool too_large = false;
  // The body, when there is a route and it was read: one of the two.
  std::optional<Result<TrackRequest>> objects;
  std::optional<Result<Value>> body;
  std::optional<FaultSpec> fault;
  std::string object_fault;  // the first object-error that hit an object, as written
  RateState rate;
  Traffic::Ticket ticket;
  // In mode lost_updates what was accepted is applied when the answer leaves.
  LostUpdates::Flight flight = LostUpdates::none;
  std::vector<TrackObject> accepted;
};

}  // namespace mockbraze
