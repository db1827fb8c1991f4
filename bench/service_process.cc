#include "bench/service_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kStartPatience = absl::Minutes(2);

// Readable by this user alone, as the service demands of secrets.
absl::Status WriteFile(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  const bool written =
      file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) close(file);
  if (written) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(error)));
}

std::string Configuration(const ServiceOptions& options) {
  std::string text = R"([server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "ledger"
)";
  for (const ServiceTenant& tenant : options.tenants) {
    absl::StrAppend(&text, "[tenants.", tenant.name, "]\ntoken_file = \"", tenant.name,
                    ".tokens\"\n");
    if (!options.max_waiting_bytes.empty()) {
      absl::StrAppend(&text, "max_waiting_bytes = \"", options.max_waiting_bytes, "\"\n");
    }
    absl::StrAppend(&text, "[tenants.", tenant.name, ".braze]\nworkspace = \"", tenant.name,
                    "\"\nendpoint = \"", options.endpoint, "\"\napi_key_file = \"", tenant.name,
                    ".key\"\nrate_limit = { requests = ", options.rate_limit,
                    ", per = \"3s\" }\nrate_share = ", absl::StrFormat("%.3f", options.rate_share),
                    "\n");
  }
  return text;
}

absl::Status WriteFiles(const ServiceOptions& options, const std::string& config) {
  if (absl::Status written = WriteFile(config, Configuration(options)); !written.ok()) {
    return written;
  }
  for (const ServiceTenant& tenant : options.tenants) {
    const std::string stem = absl::StrCat(options.folder, "/", tenant.name);
    absl::Status written = WriteFile(stem + ".tokens", tenant.token + "\n");
    written.Update(WriteFile(stem + ".key", tenant.key + "\n"));
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServiceProcess> ServiceProcess::Start(const ServiceOptions& options) {
  const std::string config = absl::StrCat(options.folder, "/peaksyncd.toml");
  if (absl::Status written = WriteFiles(options, config); !written.ok()) return written;
  auto process = ChildProcess::Start({options.binary, "--config", config},
                                     absl::StrCat(options.folder, "/peaksyncd.log"));
  if (!process.ok()) return process.status();
  const std::string label = "\"grpc_port\":";
  const auto line = (*process)->AwaitLine(label, kStartPatience);
  if (!line.ok()) return line.status();
  const std::size_t port = line->find(label) + label.size();
  return ServiceProcess{
      *std::move(process),
      absl::StrCat("127.0.0.1:", line->substr(port, line->find_first_of(",}", port) - port))};
}

}  // namespace peaksync::bench
