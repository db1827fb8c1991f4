#pragma once

#include "mockbraze/endpoints/exchange.h"

// The endpoints that take objects about users: batch limit, errors per object, answer
// (docs/braze-contract.md sections 1.6, 4.1 to 4.3, 5 and 6). See Route::answer.
// Thread safety: any thread.
namespace mockbraze {

// The answer to the objects of a request, whatever their number: the good ones are
// exchange.accepted then.
Response AnswerObjects(Exchange& exchange);

Response AnswerTrack(Exchange& exchange);      // POST /users/track
Response AnswerTrackBulk(Exchange& exchange);  // POST /users/track/bulk
Response AnswerTrackSync(Exchange& exchange);  // POST /users/track/sync

}  // namespace mockbraze
