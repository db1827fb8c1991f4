#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace peaksync {

// Where to listen.
struct HostPort {
  std::string host;  // A name, IPv4 or IPv6 without its brackets.
  int port = 0;      // 0: any free one.
};

// "127.0.0.1:7443", "[::1]:7443", "localhost:0".
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

// Whether a host never leaves the machine: 127.0.0.0/8, ::1, localhost. Never resolves a name, so
// "127.example.com" is not one.
bool IsLoopback(std::string_view host);

// Checks and normalises the base URL of a Braze endpoint: https (http on loopback only), a host, a
// port if need be, and nothing else. Scheme and host in lower case, no slash at the end, no port
// that is the scheme's own, so that equal endpoints are equal strings.
absl::StatusOr<std::string> ParseEndpoint(std::string_view text);

}  // namespace peaksync
