#include "bench/service_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(30);

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
  return absl::StrCat(R"([server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "ledger"
[tenants.bench]
token_file = "bench.tokens"
[tenants.bench.braze]
workspace = "bench"
endpoint = ")",
                      options.endpoint, R"("
api_key_file = "bench.key"
rate_limit = { requests = )",
                      options.rate_limit, R"(, per = "3s" }
rate_share = 1.0
)");
}

}  // namespace

absl::StatusOr<ServiceProcess> ServiceProcess::Start(const ServiceOptions& options) {
  const std::string config = absl::StrCat(options.folder, "/peaksyncd.toml");
  for (const auto& [path, text] : {
           std::pair{config, Configuration(options)},
           {absl::StrCat(options.folder, "/bench.tokens"), absl::StrCat(kToken, "\n")},
           {absl::StrCat(options.folder, "/bench.key"), std::string("bench-key\n")},
       }) {
    if (absl::Status written = WriteFile(path, text); !written.ok()) return written;
  }
  auto process = ChildProcess::Start({options.binary, "--config", config},
                                     absl::StrCat(options.folder, "/peaksyncd.log"));
  if (!process.ok()) return process.status();
  const auto line = (*process)->AwaitLine("\"grpc_port\":", kStartPatience);
  if (!line.ok()) return line.status();
  const std::string label = "\"grpc_port\":";
  const std::size_t port = line->find(label) + label.size();
  return ServiceProcess{
      *std::move(process),
      absl::StrCat("127.0.0.1:", line->substr(port, line->find_first_of(",}", port) - port))};
}

std::string ServiceProcess::LedgerFile(const ServiceOptions& options) {
  return absl::StrCat(options.folder, "/ledger/bench.db");
}

}  // namespace peaksync::bench
