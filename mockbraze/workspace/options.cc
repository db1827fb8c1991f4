#include "mockbraze/workspace/options.h"

#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

template <typename T>
Result<std::vector<T>> ParseAll(const std::vector<std::string>& texts,
                                Result<T> (*parse)(std::string_view), std::size_t max,
                                const char* what) {
  std::vector<T> all;
  for (const std::string& text : texts) {
    for (const std::string_view part : Split(text, ';')) {
      if (part.empty()) continue;
      Result<T> one = parse(part);
      if (!one.ok()) return Result<std::vector<T>>::Fail(one.error());
      all.push_back(std::move(one.value()));
    }
  }
  if (all.size() > max) {
    return Result<std::vector<T>>::Fail("at most " + std::to_string(max) + " " + what);
  }
  return Result<std::vector<T>>::Ok(std::move(all));
}

}  // namespace

Result<Address> ParseListen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : ParseUnsigned(text.substr(colon + 1), UINT16_MAX);
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (!port || host.empty()) {
    return Result<Address>::Fail("'" + std::string(text) +
                                 "' is not HOST:PORT, such as 127.0.0.1:12118");
  }
  return Result<Address>::Ok({std::string(host), static_cast<std::uint16_t>(*port)});
}

std::string TlsProblem(const Options& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return options.tls_key.empty() ? "--tls-cert needs --tls-key, the file with its key"
                                   : "--tls-key needs --tls-cert, the file with its certificate";
  }
  if (options.tls_cert_out.empty()) return {};
  if (!options.tls_cert.empty()) {
    return "--tls-cert-out writes the self-made certificate, and with --tls-cert there is none";
  }
  return options.tls ? "" : "--tls-cert-out needs --tls";
}

Result<std::vector<FaultSpec>> ParseFaults(const std::vector<std::string>& texts) {
  return ParseAll<FaultSpec>(texts, &ParseFault, limits::faults_max, "faults");
}

Result<std::vector<ApiKey>> ParseApiKeys(const std::vector<std::string>& texts) {
  return ParseAll<ApiKey>(texts, &ParseApiKey, limits::keys_max, "API keys");
}

}  // namespace mockbraze
