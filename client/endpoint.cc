#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "client/channel.h"
#include "client/limits.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

constexpr int kDefaultPort = 7443;

bool IsLoopback(std::string_view host) {
  if (EqualsIgnoreCase(host, "localhost") || host == "::1") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(host), '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const absl::string_view part : parts) {
    int number = -1;
    if (!absl::SimpleAtoi(part, &number) || number < 0 || number > 255) return false;
  }
  return true;
}

struct HostPort {
  std::string_view host;
  int port = kDefaultPort;
};

absl::StatusOr<HostPort> SplitAddress(std::string_view address) {
  const absl::Status bad = Invalid(Cat(
      "--server: '", address, "' is no address; write HOST:PORT, such as sync.example.com:7443"));
  HostPort result;
  std::string_view port;
  if (TakePrefix(&address, "[")) {
    const std::size_t end = address.find(']');
    if (end == std::string_view::npos) return bad;
    result.host = address.substr(0, end);
    port = address.substr(end + 1);
    if (!port.empty() && !TakePrefix(&port, ":")) return bad;
    if (port.empty() && address.size() > end + 1) return bad;
  } else {
    const std::size_t colon = address.find(':');
    if (colon != address.rfind(':')) return bad;  // An IPv6 address needs brackets.
    result.host = address.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = address.substr(colon + 1);
      if (port.empty()) return bad;
    }
  }
  if (result.host.empty() || result.host.find_first_of("/ @?#") != std::string_view::npos)
    return bad;
  if (!port.empty() &&
      (!absl::SimpleAtoi(ToAbsl(port), &result.port) || result.port < 1 || result.port > 65535)) {
    return bad;
  }
  return result;
}

}  // namespace

absl::StatusOr<Endpoint> ChooseEndpoint(const ConnectionOptions& options) {
  std::string_view address = options.server;
  const bool wants_plaintext = TakePrefix(&address, "http://");
  const bool wants_tls = TakePrefix(&address, "https://");
  if (address.ends_with("/")) address.remove_suffix(1);
  const absl::StatusOr<HostPort> place = SplitAddress(address);
  if (!place.ok()) return place.status();
  if (options.cert_file.empty() != options.key_file.empty()) {
    return Invalid("--cert and --key go together; give both or neither");
  }
  const bool has_tls_files = !options.cacert_file.empty() || !options.cert_file.empty();
  if ((options.insecure || wants_plaintext) && (has_tls_files || wants_tls)) {
    return Invalid(
        "--insecure and http:// mean plaintext; --cacert, --cert and https:// mean TLS. Choose "
        "one");
  }
  const bool loopback = IsLoopback(place->host);
  Endpoint endpoint;
  endpoint.loopback = loopback;
  endpoint.tls = has_tls_files || wants_tls || (!loopback && !options.insecure && !wants_plaintext);
  const bool exposed = !endpoint.tls && !loopback && !options.insecure;
  if (exposed) {
    return Invalid(Cat(
        "--server ", options.server, " would send the token",
        options.token.empty() ? " or customers' data" : "",
        " over the network in plaintext; use TLS (leave http:// away), or --insecure if you must"));
  }
  const bool v6 = place->host.find(':') != std::string_view::npos;
  endpoint.address = Cat(v6 ? "[" : "", place->host, v6 ? "]" : "", ":", place->port);
  return endpoint;
}

absl::Status CheckToken(const std::string& token) {
  if (token.size() > limits::kTokenBytesMax) {
    return Invalid("the token is longer than any token is");
  }
  for (const char c : token) {
    if (c <= 0x20 || c >= 0x7f) {
      return Invalid(
          "the token holds a space or a character that no token has; is it the right file?");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Invalid(Cat("--token-file: can't read ", path, "; check that it is there and yours"));
  }
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string token;
    if (!(words >> token) || token.front() == '#') continue;
    if (const absl::Status status = CheckToken(token); !status.ok()) {
      return Invalid(Cat("--token-file ", path, ": ", MessageOf(status)));
    }
    return token;
  }
  return Invalid("--token-file: ", path, " holds no token");
}

}  // namespace peaksync::client
