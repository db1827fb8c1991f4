#include "server/braze/answer.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "server/braze/answer_body.h"
#include "server/braze/http.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

using Kind = Answer::Kind;
using Cause = DeliveryStatus::Cause;

Answer FromFailure(const HttpFailure& failure) {
  Answer answer;
  answer.kind = Kind::kTryLater;
  answer.cause = failure.may_have_arrived ? Cause::kNoAnswer : Cause::kUnreachable;
  answer.reason =
      Concat(failure.may_have_arrived ? "no answer of Braze arrived: " : "Braze is out of reach: ",
             failure.reason);
  answer.may_have_been_applied = failure.may_have_arrived;
  answer.outcome_lost = failure.may_have_arrived;
  return answer;
}

// Every object that no error names counts as accepted. `attributes_processed` is not compared with
// their number: it counts identifiers, queued ones only, and is absent when Braze answers "queued"
// (docs/braze-contract.md 4.1, 4.4).
Answer FromSuccess(int status, AnswerBody body, std::string_view api_key) {
  Answer answer;
  const bool is_success = body.message == "success" || body.message == "queued";
  if (body.is_contract && is_success && !body.has_unnamed_error) {
    answer.kind = Kind::kAccepted;
    answer.errors = std::move(body.errors);
    return answer;
  }
  answer.kind = Kind::kUnclear;
  answer.cause = Cause::kAcceptsNothing;
  answer.may_have_been_applied = true;
  if (body.has_unnamed_error) {
    answer.reason = Concat("Braze answered ", status, " with an error that names no object");
    answer.braze_text = std::move(body.unnamed_text);
  } else {
    answer.reason = Concat("Braze answered ", status, " with a body that is not the contract's");
    answer.braze_text = CleanBrazeText(body.message, api_key);
  }
  return answer;
}

Answer TooLarge(int status) {
  Answer answer;
  answer.kind = Kind::kTooLarge;
  answer.cause = Cause::kAcceptsNothing;
  answer.reason = Concat("Braze found the request too large (", status, ")");
  return answer;
}

// A fatal error: nothing of the request was processed (docs/braze-contract.md 4.3).
Answer FromBadRequest(AnswerBody body, std::size_t objects, std::string_view api_key) {
  Answer answer;
  if (std::string_view(body.message).starts_with("Max Input Length Exceeded")) {
    answer = TooLarge(400);
  } else if (!body.errors.empty()) {
    answer.kind = Kind::kRefused;
    answer.reason = Concat("Braze refused the request (400), naming ", body.errors.size(),
                           " of its ", objects, " objects");
    answer.errors = std::move(body.errors);
    return answer;
  } else {
    answer.kind = Kind::kBareRefusal;
    answer.cause = Cause::kAcceptsNothing;
    answer.reason = "Braze refused the request (400) without naming an object";
  }
  answer.braze_text =
      body.message.empty() ? std::move(body.unnamed_text) : CleanBrazeText(body.message, api_key);
  return answer;
}

std::string DenialReason(int status) {
  switch (status) {
    case 401:
      return "Braze refused the API key (401): check the key and that the endpoint is the "
             "workspace's own instance";
    case 403:
      return "Braze denied access (403): check that the key has the permission of the route and "
             "that the account is active";
    case 404:
      return "Braze does not know the address (404): check the endpoint and the route";
    default:
      break;
  }
  if (status >= 300 && status < 400) {
    return Concat("Braze answered with a redirect (", status,
                  "), which is never followed: check the endpoint");
  }
  return Concat("Braze answered ", status,
                ", which its contract does not name: check the endpoint");
}

Cause DenialCause(int status) {
  switch (status) {
    case 401:
      return Cause::kKeyRefused;
    case 403:
      return Cause::kAccessDenied;
    case 404:
      return Cause::kAddressUnknown;
    default:
      return status >= 300 && status < 400 ? Cause::kRedirect : Cause::kUnexpectedStatus;
  }
}

Answer Denied(int status) {
  Answer answer;
  answer.kind = Kind::kDenied;
  answer.cause = DenialCause(status);
  answer.reason = DenialReason(status);
  // 3xx and 4xx are refusals. A status outside HTTP's range says nothing.
  answer.may_have_been_applied = status < 300 || status > 499;
  return answer;
}

Answer TryLater(int status) {
  Answer answer;
  answer.kind = Kind::kTryLater;
  answer.cause = Cause::kServerError;
  answer.reason = Concat("Braze answered ", status);
  answer.may_have_been_applied = true;
  // A gateway's time-out: what stands behind it may still work on the request
  // (docs/braze-contract.md 4.3, 504).
  answer.outcome_lost = status == 504;
  return answer;
}

Answer FromResponse(const HttpResponse& response, std::size_t objects, std::string_view api_key) {
  const int status = response.status;
  if (status >= 200 && status < 300) {
    return FromSuccess(status, ReadAnswerBody(response.body, objects, api_key), api_key);
  }
  if (status == 400) {
    return FromBadRequest(ReadAnswerBody(response.body, objects, api_key), objects, api_key);
  }
  if (status == 413) return TooLarge(status);
  if (status == 429) {
    Answer answer;
    answer.kind = Kind::kRateLimited;
    answer.cause = Cause::kRateLimited;
    answer.reason = "Braze's rate limit is reached (429)";
    return answer;
  }
  if (status == 408 || (status >= 500 && status < 600)) return TryLater(status);
  return Denied(status);
}

}  // namespace

Answer ReadAnswer(const HttpResult& result, std::size_t objects, std::string_view api_key,
                  absl::Time now) {
  if (!result.answered) return FromFailure(result.failure);
  Answer answer = FromResponse(result.response, objects, api_key);
  answer.rate = ReadRateHints(result.response, now);
  return answer;
}

}  // namespace peaksync
