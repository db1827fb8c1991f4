#pragma once

#include <optional>
#include <string>

#include "google/protobuf/timestamp.pb.h"
#include "peaksync/v1/customer.pb.h"
#include "server/domain/value.h"

namespace peaksync {

// Turns a value of a message into one of ours, or gives the reason why it can't be one: it has no
// kind, is not finite, not UTF-8, too long or too deep, or Braze would ignore or execute it
// (docs/design.md section 4, docs/braze-contract.md 1.7, 2.5, 2.6).
std::optional<std::string> DecodeValue(const v1::Value& given, Value* value);

// What was given, as JSON, also when it is invalid; NaN and infinities as those words. Canonical
// where the value is. Empty when JSON can't carry it (no kind, not UTF-8, too deep), or not in
// limits::kNestedBytesMax: rather nothing than something else, which a retry would send.
std::string GivenJson(const v1::Value& given);

// ISO 8601 in UTC with the fewest fractional digits: "2026-09-07T02:00:00Z"; nothing when the
// message is outside of what a Timestamp may be.
std::optional<std::string> TimestampText(const google::protobuf::Timestamp& timestamp);

}  // namespace peaksync
