#pragma once

#include <simdjson.h>

#include <string_view>

#include "absl/status/status.h"
#include "peaksync/v1/customer.pb.h"

// The only header of ours with simdjson in it; for .cc files that read JSON.
namespace peaksync::client {

// Converts a JSON value: null is unset, 14 an integer, 14.0 a double, both exact; lists and objects
// up to 32 levels. INVALID_ARGUMENT says what can't be sent; it does not repeat the value.
absl::Status SetJsonValue(simdjson::ondemand::value json, v1::Value* out);

// Whether nothing follows the value that was read last.
bool IsAtEnd(simdjson::ondemand::document& document);

// What a simdjson error means, for people.
std::string_view JsonProblem(simdjson::error_code error);

}  // namespace peaksync::client
