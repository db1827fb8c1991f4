#include "mockbraze/app/fault_answer.h"

#include <utility>

#include "mockbraze/endpoints/answer.h"

namespace mockbraze {
namespace {

constexpr char html_page[] =
    "<!DOCTYPE html><html><head><title>Sign in</title></head>"
    "<body><h1>Sign in to the network</h1></body></html>";

Response Page(int status, const char* body, const char* content_type) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", content_type);
  response.body = body;
  return response;
}

Response OnWire(Wire wire, Response response = {}) {
  response.wire = wire;
  return response;
}

Response StatusAnswer(int status, const std::string& key) {
  if (status == 401) return InvalidKey(key);
  Response response = Message(status, StatusMessage(status));
  // Somewhere to go for a client that follows redirects, though it must not.
  if (status >= 300 && status < 400) response.headers.emplace_back("location", "/redirected");
  return response;
}

}  // namespace

std::optional<Response> AnswerInstead(const FaultSpec& fault, const std::string& key) {
  switch (fault.kind) {
    case FaultKind::kStatus:
      if (fault.status < 300) return std::nullopt;
      return StatusAnswer(fault.status, key);
    case FaultKind::kReset:
      return OnWire(Wire::kReset);
    case FaultKind::kHang:
      return OnWire(Wire::kHang);
    case FaultKind::kHtml:
      return Page(200, html_page, "text/html; charset=utf-8");
    default:
      return std::nullopt;
  }
}

Response SpoilAnswer(const FaultSpec& fault, Response response) {
  const bool success = response.status < 300;
  switch (fault.kind) {
    case FaultKind::kResetAfter:
      return OnWire(Wire::kReset, std::move(response));
    case FaultKind::kHangAfter:
      return OnWire(Wire::kHang, std::move(response));
    case FaultKind::kTruncate:
      return OnWire(Wire::kTruncate, std::move(response));
    case FaultKind::kSlow:
      response.slow_for = fault.duration;
      return OnWire(Wire::kSlow, std::move(response));
    case FaultKind::kStatus:
      if (success) response.status = fault.status;
      return response;
    case FaultKind::kNotJson:
      return success ? Page(201, "success: all is well", "application/json") : response;
    case FaultKind::kEmpty:
      return success ? Page(201, "", "application/json") : response;
    case FaultKind::kMaintenance:
      // docs/braze-contract.md section 4.4.
      return success ? Message(202, "queued") : response;
    default:
      return response;
  }
}

}  // namespace mockbraze
