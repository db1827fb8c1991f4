#include "server/braze/curl_failure.h"

#include <curl/curl.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

std::string WithDetail(std::string_view what, std::string_view detail) {
  return detail.empty() ? std::string(what) : Concat(what, ": ", detail);
}

std::string TimeoutReason(const CurlFailureFacts& facts) {
  if (!facts.is_connected && facts.connect_timeout < facts.timeout) {
    return Concat("timed out connecting after ", absl::FormatDuration(facts.connect_timeout));
  }
  return Concat("timed out after ", absl::FormatDuration(facts.timeout));
}

std::string ConnectReason(const CurlFailureFacts& facts) {
  switch (facts.os_error) {
    case ECONNREFUSED:
      return "connection refused";
    case EHOSTUNREACH:
    case ENETUNREACH:
      return "no route to the host";
    default:
      return "could not connect";
  }
}

std::string Reason(const CurlFailureFacts& facts) {
  switch (facts.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return WithDetail("the host name could not be resolved", facts.error_text);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return WithDetail("the proxy's host name could not be resolved", facts.error_text);
    case CURLE_COULDNT_CONNECT:
      return ConnectReason(facts);
    case CURLE_OPERATION_TIMEDOUT:
      return TimeoutReason(facts);
    case CURLE_SSL_CONNECT_ERROR:
      return WithDetail("the TLS handshake failed", facts.error_text);
    case CURLE_PEER_FAILED_VERIFICATION:
      return WithDetail("the server's certificate was refused", facts.error_text);
    case CURLE_SSL_CACERT_BADFILE:
      return WithDetail("the CA file could not be read", facts.error_text);
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_FAIL_REWIND:  // The repeat that CurlTransfer forbids.
      return "the connection was closed without an answer";
    case CURLE_PARTIAL_FILE:
      return "the connection was closed in the middle of the answer";
    case CURLE_RECV_ERROR:
      return facts.is_connected ? "the connection was reset" : "could not connect";
    case CURLE_SEND_ERROR:
      return "the connection was closed while sending";
    case CURLE_URL_MALFORMAT:
      return "the address is not a URL";
    case CURLE_UNSUPPORTED_PROTOCOL:
      return facts.is_connected ? "the answer is not HTTP"
                                : "the address is neither https nor http";
    default:
      return curl_easy_strerror(static_cast<CURLcode>(facts.code));
  }
}

}  // namespace

HttpFailure DescribeCurlFailure(const CurlFailureFacts& facts) {
  return HttpFailure{Reason(facts), facts.has_body_left};
}

}  // namespace peaksync
