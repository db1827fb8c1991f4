#pragma once

#include <string>

#include "mockbraze/base/json.h"

namespace mockbraze {

// True when the body of a request names the user: as `external_id` anywhere in it, or in a list
// `external_ids`. An integer names the user of the same digits (docs/braze-contract.md section 11).
// Thread safety: a pure function.
bool NamesUser(const Value& body, const std::string& external_id);

}  // namespace mockbraze
