#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/braze/answer.h"

namespace peaksync {

// A body of /users/track, read with distrust: what it says, not what it means.
struct AnswerBody {
  bool is_contract = false;  // A complete JSON object with at most one message and one errors.
  std::string message;       // Verbatim; empty when there is none. May echo the key.
  std::vector<NamedError> errors;  // Those that name an object; ascending, each index once.
  bool has_unnamed_error = false;  // An error that names no object.
  std::string unnamed_text;        // The first such error's, like NamedError::text.
};

// Error entries name an object by `index`; entries are seen without index or type, and as bare
// strings (docs/braze-contract.md 4.2). A missing `input_array` is ours, since we send attributes
// only. `objects` bounds the indexes, and so the number of errors kept.
AnswerBody ReadAnswerBody(std::string_view body, std::size_t objects, std::string_view api_key);

// Braze's words as they may be kept: every occurrence of the key replaced by "[key]", and at most
// limits::kReasonBytesMax, cut between characters.
std::string CleanBrazeText(std::string_view text, std::string_view api_key);

}  // namespace peaksync
