#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mockbraze/base/json.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/workspace/rate_limiter.h"
#include "mockbraze/workspace/settings.h"

// Answers as Braze gives them. Endpoints make status and body; Dress adds the headers that all
// have. Thread safety: pure functions.
namespace mockbraze {

Response Json(int status, const Value& body);
// {"message": text}
Response Message(int status, std::string_view message);
// Section 11.
Response InvalidKey(std::string_view key);

// The documented name of an error status (section 4.3), for bodies that are ours to choose.
std::string_view StatusMessage(int status);

// Adds the headers of docs/braze-contract.md section 11, among them the rate headers of section 1.9
// in the style of the settings. `number` makes the request id, with the seed.
void Dress(const RateState& rate, const Settings& settings, std::uint64_t seed,
           std::uint64_t number, Response* response);

}  // namespace mockbraze
