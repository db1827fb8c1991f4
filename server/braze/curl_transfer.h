#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "server/braze/curl_http_client.h"
#include "server/braze/http.h"

namespace peaksync {

// One exchange on one easy handle, whose buffers are used again for the next exchange. Not movable:
// libcurl holds pointers to it. Handles are void*, which is what CURL is; curl.h stays in .cc
// files.
//
// Thread safety: none; used by CurlHttpClient on its thread.
class CurlTransfer {
 public:
  CurlTransfer();
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Takes the request and makes the handle ready for the multi handle. False: it could not be, and
  // Finish tells why. The handle's private pointer is this object.
  bool Prepare(const CurlOptions& options, HttpRequest request, HttpClient::Done done);

  // What came of it, for the CURLcode that libcurl ended it with.
  HttpResult Finish(int code);

  // Gives up what the exchange held, the secret headers above all.
  HttpClient::Done Release();

  void* easy() const { return easy_; }

 private:
  struct Callbacks;  // What libcurl calls.

  bool SetOptions(const CurlOptions& options);
  bool SetRequest();
  bool AppendHeader(const char* header);
  void AddHeaderLine(std::string_view line);

  void* easy_;
  void* header_list_ = nullptr;
  HttpRequest request_;
  HttpClient::Done done_;
  absl::Duration connect_timeout_;
  std::size_t body_bytes_taken_ = 0;  // By libcurl, for sending.
  bool has_body_left_ = false;        // Some of the body was handed out, ever.
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool headers_complete_ = false;
  const char* too_large_ = nullptr;  // Which of our bounds the answer broke.
  std::unique_ptr<char[]> error_text_;
};

}  // namespace peaksync
