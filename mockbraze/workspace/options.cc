#include "mockbraze/workspace/options.h"

#include <utility>

#include "mockbraze/base/json_parser.h"
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
      if (part.empty() && !text.empty()) continue;
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

Result<std::vector<FaultSpec>> ParseFaultList(const std::vector<std::string>& specs) {
  using Answer = Result<std::vector<FaultSpec>>;
  if (specs.size() > limits::faults_max) {
    return Answer::Fail("at most " + std::to_string(limits::faults_max) + " faults");
  }
  std::vector<FaultSpec> faults;
  for (const std::string& spec : specs) {
    Result<FaultSpec> fault = ParseFault(spec);
    if (!fault.ok()) return Answer::Fail(fault.error());
    faults.push_back(std::move(fault.value()));
  }
  return Answer::Ok(std::move(faults));
}

Result<std::vector<FaultSpec>> ParseFaultFile(std::string_view text) {
  std::vector<std::string> specs;
  std::size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (const auto fault = ParseFault(line); !fault.ok()) {
      return Result<std::vector<FaultSpec>>::Fail("line " + std::to_string(number) + ": " +
                                                  fault.error());
    }
    specs.emplace_back(line);
  }
  return ParseFaultList(specs);
}

Result<Settings> SettingsOf(std::string_view profile) {
  Settings settings;
  if (profile == "legacy") {
    settings.batch_limit.per_array = true;                        // section 1.6
    settings.onboarded = "2019-01-01";                            // sections 1.8 and 7.1
    settings.rules.array_limit = limits::legacy_array_items_max;  // section 1.7
    settings.rules.array_overflow = ArrayOverflow::kTruncate;
    settings.rules.error_style = ErrorStyle::kSentence;  // section 4.2
  } else if (profile == "mau") {
    settings.rate_limit_mode = RateLimitMode::kMau;  // section 1.8
  } else if (profile != "current") {
    return Result<Settings>::Fail("'" + std::string(profile) +
                                  "' is no profile; there are current, legacy and mau");
  }
  return Result<Settings>::Ok(std::move(settings));
}

Result<Settings> ChangeByJson(Settings settings, std::string_view json) {
  const Result<Value> changes = ParseJson(json);
  if (!changes.ok()) return Result<Settings>::Fail("not JSON: " + changes.error());
  if (RemainingOf(changes.value())) {
    return Result<Settings>::Fail(
        "'rate_limit.remaining' is about a running window; set it by "
        "POST /_mock/workspace");
  }
  return Change(std::move(settings), changes.value());
}

}  // namespace mockbraze
