#pragma once

#include <functional>
#include <optional>
#include <string>

#include "mockbraze/http/http_message.h"
#include "mockbraze/users/track_request.h"
#include "mockbraze/users/users.h"
#include "mockbraze/workspace/braze_answer.h"

namespace mockbraze {

// What faults do to the objects of one request.
struct TrackFaults {
  // The error type of an object that a fault refuses.
  std::function<std::optional<std::string>(const TrackObject&)> object_error;
  // unnamed-error: the objects of `unnamed_external_id`, or else the first object, are not kept,
  // and one error entry says so without an index. The answer is always a success.
  bool unnamed_error = false;
  std::optional<std::string> unnamed_external_id;
  // reject-all: every object is refused by name.
  bool reject_all = false;
};

// POST /users/track behind key and size checks: batch limit, errors per object, answer
// (docs/braze-contract.md sections 1.6, 4.1 to 4.3).
// Thread safety: Handle() from any thread. Users and answers must outlive it.
class TrackEndpoint {
 public:
  TrackEndpoint(Users& users, AnswerMaker& answers) : users_(users), answers_(answers) {}

  Response Handle(TrackRequest request, const TrackFaults& faults);

 private:
  Users& users_;
  AnswerMaker& answers_;
};

}  // namespace mockbraze
