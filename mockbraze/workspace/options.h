#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/result.h"
#include "mockbraze/faults/fault.h"
#include "mockbraze/workspace/keys.h"

namespace mockbraze {

// How a mock starts, and the state that POST /_mock/reset goes back to.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 12118;    // 0 takes a free one
  std::vector<ApiKey> api_keys;  // none: any key that is not empty
  std::chrono::milliseconds latency{0};
  std::chrono::milliseconds processing_delay{0};
  std::vector<FaultSpec> faults;
  std::uint64_t seed = 1;
  int threads = 2;
  bool tls = false;      // HTTPS, with a self-made certificate when none is given
  std::string tls_cert;  // files in PEM form; both or none
  std::string tls_key;
  std::string tls_cert_out;  // where the self-made certificate is written, if anywhere
};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// HOST:PORT, an IPv6 host in brackets.
Result<Address> ParseListen(std::string_view text);
// Each text is SPEC[;SPEC...]; see ParseFault.
Result<std::vector<FaultSpec>> ParseFaults(const std::vector<std::string>& texts);
// Each text is KEY[:scope,...][;KEY...]; see ParseApiKey.
Result<std::vector<ApiKey>> ParseApiKeys(const std::vector<std::string>& texts);

// What is wrong with the TLS options together; empty when nothing is.
std::string TlsProblem(const Options& options);

}  // namespace mockbraze
