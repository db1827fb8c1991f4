#pragma once

#include <optional>
#include <string>

#include "mockbraze/faults/fault.h"
#include "mockbraze/http/http_message.h"

namespace mockbraze {

// The answer of a fault that keeps the request from being processed; none when it is processed.
std::optional<Response> AnswerInstead(const FaultSpec& fault, const std::string& key);

// What a fault makes of the answer to a processed request.
Response SpoilAnswer(const FaultSpec& fault, Response response);

}  // namespace mockbraze
