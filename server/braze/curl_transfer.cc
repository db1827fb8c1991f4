#include "server/braze/curl_transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/braze/curl_failure.h"

namespace peaksync {
namespace {

constexpr std::size_t kAnswerHeaderBytesMax = 64 << 10;
// libcurl's smallest: a body of 75 objects fits, and hundreds of idle handles stay small.
constexpr long kSendBufferBytes = 16 << 10;

// libcurl takes 0 for "no timeout".
long TimeoutMs(absl::Duration timeout) {
  return static_cast<long>(
      absl::ToInt64Milliseconds(std::clamp(timeout, absl::Milliseconds(1), absl::Hours(24))));
}

template <typename T>
bool Set(CURL* easy, CURLoption option, T value) {
  return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

}  // namespace

struct CurlTransfer::Callbacks {
  static std::size_t OnBodyWanted(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::string& body = transfer.request_.body;
    const std::size_t bytes = body.copy(buffer, size * count, transfer.body_bytes_taken_);
    transfer.body_bytes_taken_ += bytes;
    if (bytes > 0) transfer.has_body_left_ = true;
    return bytes;
  }

  // libcurl rewinds to repeat a request whose connection died before an answer, if that connection
  // had been used before. The server may have the request, so the repeat is not libcurl's to make.
  static int OnRewind(void*, curl_off_t, int) { return CURL_SEEKFUNC_FAIL; }

  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::size_t bytes = size * count;
    transfer.header_bytes_ += bytes;
    if (transfer.header_bytes_ > kAnswerHeaderBytesMax) {
      transfer.too_large_ = "the answer's headers are larger than 64 KiB";
      return 0;  // Not `bytes`: ends the transfer.
    }
    transfer.AddHeaderLine({data, bytes});
    return bytes;
  }

  static std::size_t OnAnswerBody(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::size_t bytes = size * count;
    if (transfer.response_.body.size() + bytes > limits::kBrazeAnswerBytesMax) {
      transfer.too_large_ = "the answer is larger than 1 MiB";
      return 0;
    }
    transfer.response_.body.append(data, bytes);
    return bytes;
  }
};

CurlTransfer::CurlTransfer()
    : easy_(curl_easy_init()), error_text_(std::make_unique<char[]>(CURL_ERROR_SIZE)) {
  PEAKSYNC_CHECK_MSG(easy_ != nullptr, "libcurl has no memory for a handle");
}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(static_cast<curl_slist*>(header_list_));
}

bool CurlTransfer::Prepare(const CurlOptions& options, HttpRequest request, HttpClient::Done done) {
  request_ = std::move(request);
  done_ = std::move(done);
  return SetOptions(options) && SetRequest();
}

// All of it anew for every exchange: after curl_easy_reset nothing of the one before can remain.
bool CurlTransfer::SetOptions(const CurlOptions& options) {
  CURL* easy = easy_;
  connect_timeout_ = options.connect_timeout;
  bool ok = Set(easy, CURLOPT_PRIVATE, this) && Set(easy, CURLOPT_NOSIGNAL, 1L) &&
            Set(easy, CURLOPT_ERRORBUFFER, error_text_.get()) &&
            Set(easy, CURLOPT_PROTOCOLS_STR, "https,http") &&
            Set(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
            Set(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
            Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
            Set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  ok = ok && Set(easy, CURLOPT_SSL_VERIFYPEER, 1L) && Set(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
       Set(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!options.ca_file.empty()) {
    ok = ok && Set(easy, CURLOPT_CAINFO, options.ca_file.c_str()) &&
         Set<const char*>(easy, CURLOPT_CAPATH, nullptr);
  }
  ok = ok && Set(easy, CURLOPT_TCP_KEEPALIVE, 1L) && Set(easy, CURLOPT_TCP_KEEPIDLE, 30L) &&
       Set(easy, CURLOPT_TCP_KEEPINTVL, 15L) &&
       Set(easy, CURLOPT_CONNECTTIMEOUT_MS, TimeoutMs(options.connect_timeout)) &&
       Set(easy, CURLOPT_MAXAGE_CONN,
           static_cast<long>(absl::ToInt64Seconds(options.idle_connection_max)));
  ok = ok && Set(easy, CURLOPT_HEADERFUNCTION, &Callbacks::OnHeader) &&
       Set(easy, CURLOPT_HEADERDATA, this) &&
       Set(easy, CURLOPT_WRITEFUNCTION, &Callbacks::OnAnswerBody) &&
       Set(easy, CURLOPT_WRITEDATA, this);
  return ok;
}

bool CurlTransfer::SetRequest() {
  CURL* easy = easy_;
  if (!AppendHeader("Expect:")) return false;  // No "100-continue", and no second's wait for it.
  for (const std::string& header : request_.headers) {
    if (!AppendHeader(header.c_str())) return false;
  }
  if (absl::StartsWithIgnoreCase(request_.url, "http:") && !Set(easy, CURLOPT_PROXY, "")) {
    return false;
  }
  // The body is read from where it lies. A read function rather than CURLOPT_POSTFIELDS, because it
  // tells whether any of the body was handed out, and because it can refuse to be rewound.
  return Set(easy, CURLOPT_URL, request_.url.c_str()) &&
         Set(easy, CURLOPT_TIMEOUT_MS, TimeoutMs(request_.timeout)) &&
         Set(easy, CURLOPT_HTTPHEADER, static_cast<curl_slist*>(header_list_)) &&
         Set(easy, CURLOPT_POST, 1L) &&
         Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) &&
         Set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes) &&
         Set(easy, CURLOPT_READFUNCTION, &Callbacks::OnBodyWanted) &&
         Set(easy, CURLOPT_READDATA, this) &&
         Set(easy, CURLOPT_SEEKFUNCTION, &Callbacks::OnRewind) && Set(easy, CURLOPT_SEEKDATA, this);
}

bool CurlTransfer::AppendHeader(const char* header) {
  if (std::strpbrk(header, "\r\n") != nullptr) return false;  // Would be two headers.
  curl_slist* list = curl_slist_append(static_cast<curl_slist*>(header_list_), header);
  if (list == nullptr) return false;
  header_list_ = list;
  return true;
}

void CurlTransfer::AddHeaderLine(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // Also after an interim answer (1xx): begin anew.
    response_.headers.clear();
    headers_complete_ = false;
    return;
  }
  if (line == "\r\n" || line == "\n") headers_complete_ = true;
  const std::size_t colon = line.find(':');
  if (headers_complete_ || colon == std::string_view::npos) return;  // Trailers are not read.
  std::string name(line.substr(0, colon));
  std::string value(line.substr(colon + 1));
  absl::AsciiStrToLower(&name);
  absl::StripAsciiWhitespace(&value);
  response_.headers.emplace_back(std::move(name), std::move(value));
}

HttpResult CurlTransfer::Finish(int code) {
  HttpResult result;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  // A connection that ends within the headers is a success to libcurl 7.88.
  if (code == CURLE_OK && !headers_complete_) code = CURLE_PARTIAL_FILE;
  if (code == CURLE_OK) {
    result.answered = true;
    result.response = std::move(response_);
    result.response.status = static_cast<int>(status);
    return result;
  }
  if (too_large_ != nullptr) {
    result.failure = HttpFailure{too_large_, true};
    return result;
  }
  CurlFailureFacts facts;
  facts.code = code;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &facts.os_error);
  facts.error_text = error_text_.get();
  facts.has_body_left = has_body_left_;
  curl_off_t ready_us = 0;  // TCP, and TLS if there is any.
  curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
  facts.is_connected = ready_us > 0 || has_body_left_;
  facts.timeout = request_.timeout;
  facts.connect_timeout = connect_timeout_;
  result.failure = DescribeCurlFailure(facts);
  return result;
}

HttpClient::Done CurlTransfer::Release() {
  curl_easy_reset(easy_);  // Keeps buffers; connections belong to the multi handle anyway.
  curl_slist_free_all(static_cast<curl_slist*>(header_list_));
  header_list_ = nullptr;
  request_ = {};
  response_ = {};
  body_bytes_taken_ = 0;
  has_body_left_ = false;
  header_bytes_ = 0;
  headers_complete_ = false;
  too_large_ = nullptr;
  error_text_[0] = '\0';
  return std::exchange(done_, nullptr);
}

}  // namespace peaksync
