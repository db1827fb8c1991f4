#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/result.h"
#include "mockbraze/faults/fault.h"
#include "mockbraze/workspace/keys.h"
#include "mockbraze/workspace/settings.h"

namespace mockbraze {

// How a mock starts, and the state that POST /_mock/reset goes back to.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 12118;  // 0 takes a free one
  Settings settings;
  std::vector<FaultSpec> faults;
  std::uint64_t seed = 1;
  bool workspace_per_key = false;  // each API key is a workspace of its own, made at first use
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
// Each text is one SPEC, whatever is in it.
Result<std::vector<FaultSpec>> ParseFaultList(const std::vector<std::string>& specs);
// A SPEC each line; blank lines and those that begin with # do not count.
Result<std::vector<FaultSpec>> ParseFaultFile(std::string_view text);

// The settings of a contract: "current", "legacy" (what customers of before 2024 have) or "mau".
Result<Settings> SettingsOf(std::string_view profile);
// The settings changed by JSON in the form of POST /_mock/workspace.
Result<Settings> ChangeByJson(Settings settings, std::string_view json);

// What is wrong with the TLS options together; empty when nothing is.
std::string TlsProblem(const Options& options);

}  // namespace mockbraze
