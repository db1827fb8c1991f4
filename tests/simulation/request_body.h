#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peaksync::simulation {

// One object of a request to /users/track, as it was written.
struct SentObject {
  std::string customer;                       // SimulatedCustomer::key.
  std::map<std::string, std::string> values;  // JSON, byte by byte; empty text never.
  std::string existing_only;  // JSON of `_update_existing_only`; empty: it is not there.
};

// Reads a request's body with no code of the service's. Nothing, with the reason in *fault: it is
// not what a request may be (docs/braze-contract.md 2), or would do more than set and unset
// (docs/design.md rule 11).
std::optional<std::vector<SentObject>> ReadRequestBody(std::string_view body, std::string* fault);

}  // namespace peaksync::simulation
