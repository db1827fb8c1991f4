#include "bench/rig.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/track_load.h"

namespace peaksync::bench {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(30);
constexpr absl::Duration kStopPatience = absl::Minutes(2);
constexpr std::int64_t kNoLimit = 1'000'000;  // Requests in 3 s: the most the service knows.
constexpr const char* kStateFormat = "peaksync-bench-1";

}  // namespace

Rig::Rig(const DriveOptions& options)
    : options_(options), updated_at_(absl::Now() - absl::Hours(1)) {}

Rig::~Rig() {
  mock_.reset();
  if (folder_.empty()) return;
  if (keeps_folder_) {
    std::fprintf(stderr, "kept: %s\n", folder_.c_str());
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::unique_ptr<Rig>> Rig::Start(const DriveOptions& options) {
  std::unique_ptr<Rig> rig(new Rig(options));
  if (absl::Status made = rig->MakeFolder(); !made.ok()) return made;
  if (absl::Status read = rig->ReadState(); !read.ok()) return read;
  if (absl::Status started = rig->StartMock(); !started.ok()) return started;
  for (Tenant& tenant : rig->tenants_) {
    tenant.mock = MockReader(rig->mock_url_, tenant.names.key);
  }
  if (rig->is_reused_) {
    if (absl::Status filled = rig->FillMock(); !filled.ok()) return filled;
  }
  return rig;
}

absl::Status Rig::FillMock() {
  if (const auto set = Prepare(absl::ZeroDuration(), /*limiter=*/false); !set.ok()) {
    return set.status();
  }
  for (const Tenant& tenant : tenants_) {
    MakeProfiles(mock_port(), tenant.names.key, tenant.book);
  }
  // It is true again only when this run has ended well.
  std::error_code error;
  std::filesystem::remove(StateFile(), error);
  return error ? absl::UnavailableError(absl::StrCat("cannot remove ", StateFile()))
               : absl::OkStatus();
}

absl::Status Rig::MakeFolder() {
  if (options_.ledger_folder.empty()) {
    std::string path = absl::StrCat(options_.work_folder, "/peaksync-bench-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot make a folder in ", options_.work_folder));
    }
    folder_ = path;
    keeps_folder_ = options_.keep;
  } else {
    std::error_code error;
    std::filesystem::create_directories(options_.ledger_folder, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot make ", options_.ledger_folder, ": ", error.message()));
    }
    folder_ = std::filesystem::absolute(options_.ledger_folder).string();
    keeps_folder_ = true;
  }
  for (int number = 0; number < options_.tenants; ++number) {
    const std::string name = absl::StrCat("bench-", number);
    const ServiceTenant names{name, "peaksync-" + name + "-token", name + "-key"};
    tenants_.push_back(
        {names,
         CustomerBook(options_.seed + static_cast<std::uint64_t>(number), options_.customers),
         MockReader("", names.key)});
  }
  return absl::OkStatus();
}

absl::Status Rig::ReadState() {
  std::ifstream file(StateFile(), std::ios::binary);
  if (!file) {
    if (!std::filesystem::exists(folder_ + "/ledger")) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        folder_, " has a ledger of a run that did not end well; remove it, or name another"));
  }
  std::string format;
  std::uint64_t seed = 0;
  std::uint32_t customers = 0;
  int tenants = 0;
  std::int64_t updated_at = 0;
  file >> format >> seed >> customers >> tenants >> updated_at >> has_mixed_times_ >> mock_listen_;
  if (!file || file.get() != '\n' || format != kStateFormat || seed != options_.seed ||
      customers != options_.customers || tenants != options_.tenants) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder_, " has a ledger of another kind of run: ", customers, " customers, ",
                     tenants, " tenants, seed ", seed, "; give these, or name another folder"));
  }
  for (Tenant& tenant : tenants_) {
    if (!tenant.book.Load(file)) {
      return absl::DataLossError(absl::StrCat(StateFile(), " is cut off; remove ", folder_));
    }
  }
  updated_at_ = absl::FromUnixSeconds(updated_at);
  is_reused_ = true;
  return absl::OkStatus();
}

absl::Status Rig::WriteState() const {
  std::ofstream file(StateFile(), std::ios::binary);
  // The ledgers belong to this address.
  const std::string listen = mock_url_.substr(mock_url_.find("//") + 2);
  file << kStateFormat << ' ' << options_.seed << ' ' << options_.customers << ' '
       << options_.tenants << ' ' << absl::ToUnixSeconds(updated_at_) << ' ' << has_mixed_times_
       << ' ' << listen << '\n';
  bool written = static_cast<bool>(file);
  for (const Tenant& tenant : tenants_) written = written && tenant.book.Save(file);
  file.close();
  if (written && file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", StateFile()));
}

absl::Status Rig::StartMock() {
  std::vector<std::string> command{absl::StrCat(options_.binary_folder, "/mockbraze"), "--listen",
                                   mock_listen_};
  if (options_.tenants > 1) command.emplace_back("--workspace-per-key");
  auto mock = ChildProcess::Start(command, absl::StrCat(folder_, "/mockbraze.log"));
  if (!mock.ok()) return mock.status();
  mock_ = *std::move(mock);
  const std::string prefix = "listening on ";
  const auto line = mock_->AwaitLine(prefix, kStartPatience);
  if (!line.ok()) return line.status();
  mock_url_ = line->substr(line->find(prefix) + prefix.size());
  return absl::OkStatus();
}

std::uint16_t Rig::mock_port() const {
  std::uint32_t port = 0;
  const bool is_number = absl::SimpleAtoi(mock_url_.substr(mock_url_.rfind(':') + 1), &port);
  return is_number ? static_cast<std::uint16_t>(port) : std::uint16_t{0};
}

absl::StatusOr<ServiceOptions> Rig::Prepare(absl::Duration latency, bool limiter) {
  ServiceOptions service;
  service.binary = absl::StrCat(options_.binary_folder, "/peaksyncd");
  service.folder = folder_;
  service.endpoint = mock_url_;
  service.rate_limit = limiter ? options_.rate_limit : kNoLimit;
  service.rate_share = options_.rate_share;
  for (Tenant& tenant : tenants_) {
    service.tenants.push_back(tenant.names);
    const MockSettings settings{latency, limiter ? options_.rate_limit : 0};
    if (absl::Status set = tenant.mock.Set(settings); !set.ok()) return set;
  }
  return service;
}

absl::Status Rig::SetFaults(const std::vector<std::string>& faults) {
  for (Tenant& tenant : tenants_) {
    if (absl::Status set = tenant.mock.SetFaults(faults); !set.ok()) return set;
  }
  return absl::OkStatus();
}

absl::Time Rig::NextUpdatedAt(bool of_all) {
  has_mixed_times_ = !of_all;
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  updated_at_ = std::max(now, updated_at_ + absl::Seconds(1));
  return updated_at_;
}

absl::Status Rig::Finish() {
  if (!options_.ledger_folder.empty()) {
    if (absl::Status written = WriteState(); !written.ok()) return written;
  }
  return mock_->Stop(kStopPatience).status();
}

}  // namespace peaksync::bench
