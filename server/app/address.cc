#include "server/app/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "server/base/text.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::string_view kIpv4InIpv6Prefix = "::ffff:";

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(std::string(text)); }

bool IsIpv6(std::string_view host) {
  in6_addr address = {};
  return inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
}

bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

// Splits "host", "host:port" and "[v6]:port". False when it is none of them.
bool SplitHostPort(std::string_view text, std::string_view& host, std::string_view& port) {
  if (text::ConsumePrefix(text, "[")) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(0, end);
    port = text.substr(end + 1);
    return IsIpv6(host) && (port.empty() || (text::ConsumePrefix(port, ":") && !port.empty()));
  }
  const std::size_t colon = text.find(':');
  host = text.substr(0, colon);
  port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return IsHostName(host) && (colon == std::string_view::npos || !port.empty());
}

bool ParsePort(std::string_view text, int& port) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  return digits && absl::SimpleAtoi(std::string(text), &port) && port <= 65'535;
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  HostPort address;
  std::string_view host;
  std::string_view port;
  if (!SplitHostPort(text, host, port) || !ParsePort(port, address.port)) {
    return absl::InvalidArgumentError(Concat(
        "\"", text, "\" is not an address to listen on; write HOST:PORT, like 127.0.0.1:7443, ",
        "[::1]:7443 or 0.0.0.0:7443"));
  }
  address.host = host;
  return address;
}

bool IsLoopback(std::string_view host) {
  if (Lower(host) == "localhost") return true;
  in6_addr v6 = {};
  if (inet_pton(AF_INET6, std::string(host).c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6)) {
    return true;
  }
  if (Lower(host).starts_with(kIpv4InIpv6Prefix)) {
    host.remove_prefix(kIpv4InIpv6Prefix.size());
  }
  in_addr v4 = {};
  return inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

absl::StatusOr<std::string> ParseEndpoint(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(Concat(what, "; write it like https://rest.fra-01.braze.eu"));
  };
  std::string_view rest = text;
  const std::size_t scheme_end = rest.find("://");
  const std::string scheme = Lower(rest.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos || (scheme != "https" && scheme != "http")) {
    return wrong("must begin with https://");
  }
  rest.remove_prefix(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // Named apart, since what stands before an @ may be a password and must not be shown.
  if (rest.find('@') != std::string_view::npos) return wrong("must not hold a user or password");
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return wrong("must be a host without a path; PeakSync adds /users/track itself");
  }
  std::string_view host;
  std::string_view port_text;
  int port = scheme == "https" ? 443 : 80;
  const int usual_port = port;
  if (!SplitHostPort(rest, host, port_text) ||
      (!port_text.empty() && (!ParsePort(port_text, port) || port == 0))) {
    return wrong("has no valid host and port");
  }
  if (scheme == "http" && !IsLoopback(host)) {
    return wrong(
        "must be https: http:// would show the API key to the network, and is allowed for "
        "loopback only");
  }
  const std::string lower = Lower(host);
  std::string endpoint =
      Concat(scheme, "://", IsIpv6(lower) ? "[" : "", lower, IsIpv6(lower) ? "]" : "");
  if (port != usual_port) endpoint += Concat(":", port);
  return endpoint;
}

}  // namespace peaksync
