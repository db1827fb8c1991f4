#pragma once

#include <optional>

#include "mockbraze/faults/fault.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/workspace/braze_answer.h"

namespace mockbraze {

// The answer of a fault that keeps the request from being processed; none when it is processed.
std::optional<Response> AnswerInstead(const FaultSpec& fault, const std::string& key,
                                      AnswerMaker& answers);

// What a fault makes of the answer to a processed request.
Response SpoilAnswer(const FaultSpec& fault, Response response, AnswerMaker& answers);

}  // namespace mockbraze
