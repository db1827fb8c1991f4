#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "server/braze/http.h"

namespace peaksync {

// What is known of a transfer that libcurl gave up.
struct CurlFailureFacts {
  int code = 0;                 // CURLcode
  long os_error = 0;            // errno of the failed connect, if it was one.
  std::string_view error_text;  // libcurl's own; may quote the server. Used for TLS and DNS only.
  bool has_body_left = false;   // Bytes of the body were handed to the connection.
  bool is_connected = false;    // TCP and TLS stood.
  absl::Duration timeout;
  absl::Duration connect_timeout;
};

// The failure in words that hold no header, key or body. A request counts as possibly arrived from
// the first byte of its body on: without a body it cannot be applied.
HttpFailure DescribeCurlFailure(const CurlFailureFacts& facts);

}  // namespace peaksync
