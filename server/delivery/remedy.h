#pragma once

#include <string>
#include <string_view>

#include "server/braze/track_request.h"
#include "server/domain/run.h"

namespace peaksync {

// What ends a delivery that does not run: what a person does, or that it ends by itself. Empty for
// Cause::kNone. docs/operations.md has the same for people.
std::string RemedyOf(DeliveryStatus::Cause cause, const BrazeRoute& route, std::string_view tenant);

// The cause as metrics and log name it: "key_refused". Lives as long as the program.
std::string_view NameOf(DeliveryStatus::Cause cause);

}  // namespace peaksync
