#pragma once

#include <cstdint>
#include <string>

namespace peaksync {

// Something wrong with the configuration.
struct ConfigProblem {
  enum class Severity : std::uint8_t {
    kWarning,  // The service runs.
    kTenant,   // That tenant is MISCONFIGURED; the others run.
    kFatal,    // The file's form is wrong: the service does not start, a reload changes nothing.
  };

  Severity severity = Severity::kFatal;
  std::string file;
  int line = 0;         // 0: the file as a whole.
  std::string key;      // "tenants.acme.braze.endpoint"; empty: the file as a whole.
  std::string message;  // What is wrong and what to do. Never a secret.

  // "peaksyncd.toml:14: tenants.acme.braze.endpoint: must be https: …"
  std::string ToString() const;
};

}  // namespace peaksync
