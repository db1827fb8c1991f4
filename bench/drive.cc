#include "bench/drive.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/child_process.h"
#include "bench/load_stream.h"
#include "bench/mock_reader.h"
#include "bench/population.h"
#include "bench/service_process.h"

namespace peaksync::bench {
namespace {

constexpr std::uint32_t kCheckedCustomers = 1'000;
constexpr absl::Duration kStartPatience = absl::Seconds(30);
constexpr absl::Duration kStopPatience = absl::Minutes(2);  // A large log goes into the file.

// What is streamed in a phase, and what must come of it.
struct Phase {
  const char* name;
  int generation;     // Of the predictions.
  int updated_hours;  // After the first.
  bool is_sent;       // Each customer goes to Braze; else none.
};
constexpr Phase kPhases[] = {
    {"new", 0, 0, true},
    {"changed", 1, 1, true},
    {"unchanged", 1, 1, false},
    {"unchanged_newer", 1, 2, false},
};

double CpuSecondsOfDriver() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

ProcessCost CostOf(const ProcUsage& before, const ProcUsage& after) {
  return {after.user_seconds - before.user_seconds, after.system_seconds - before.system_seconds,
          after.peak_bytes};
}

absl::Duration Percentile(const std::vector<absl::Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return absl::ZeroDuration();
  return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

// 0 when there is none.
std::int64_t FileBytes(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(bytes);
}

// A folder that is gone with it, unless it is kept.
class RunFolder {
 public:
  RunFolder(const std::string& parent, bool keep)
      : keep_(keep), path_(absl::StrCat(parent, "/peaksync-bench-XXXXXX")) {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~RunFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    if (keep_) {
      std::fprintf(stderr, "kept: %s\n", path_.c_str());
    } else {
      std::filesystem::remove_all(path_, ignored);
    }
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  const std::string& path() const { return path_; }  // Empty: it could not be made.

 private:
  bool keep_;
  std::string path_;
};

class Driver {
 public:
  Driver(const DriveOptions& options, const ServiceOptions& service, ChildProcess& mock,
         const std::string& mock_url)
      : options_(options),
        service_options_(service),
        mock_(mock),
        mock_reader_(mock_url),
        population_(options.seed),
        first_updated_at_(absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) -
                          absl::Hours(10)) {}

  absl::StatusOr<PhaseReport> Run(const Phase& phase) {
    std::fprintf(stderr, "%-16s %u customers ... ", phase.name, options_.customers);
    PhaseReport report;
    report.name = phase.name;
    auto service = ServiceProcess::Start(service_options_);
    if (!service.ok()) return service.status();
    const pid_t service_pid = service->process->pid();
    // Where the kernel does not offer it, the mock's peak is that since its start.
    ResetPeakMemory(mock_.pid()).IgnoreError();
    const auto before = Look(service_pid);
    if (!before.ok()) return before.status();
    const std::vector<std::uint32_t> order = population_.Shuffled(options_.customers, pass_++);
    const double driver_before = CpuSecondsOfDriver();
    const auto result = StreamLoad(service->address, ServiceProcess::kToken,
                                   {&population_, &order, phase.generation, options_.batch_size,
                                    first_updated_at_ + absl::Hours(phase.updated_hours)});
    if (!result.ok()) return result.status();
    report.driver_cpu_seconds = CpuSecondsOfDriver() - driver_before;
    const auto after = Look(service_pid);
    if (!after.ok()) return after.status();
    const std::string ledger_file = ServiceProcess::LedgerFile(service_options_);
    report.log_bytes = FileBytes(absl::StrCat(ledger_file, "-wal"));
    const auto written = service->process->Stop(kStopPatience);
    if (!written.ok()) return written.status();

    report.received_seconds = absl::ToDoubleSeconds(result->received);
    report.confirmed_seconds = absl::ToDoubleSeconds(result->confirmed);
    report.ack_p50 = Percentile(result->ack_latencies, 50);
    report.ack_p99 = Percentile(result->ack_latencies, 99);
    report.requests = after->stats.requests - before->stats.requests;
    report.objects = after->stats.attribute_objects - before->stats.attribute_objects;
    report.max_in_flight = after->stats.max_in_flight;
    report.service = CostOf(before->service, after->service);
    report.mock = CostOf(before->mock, after->mock);
    report.written_bytes = after->service.written_bytes - before->service.written_bytes;
    report.written_bytes_to_exit = *written - before->service.written_bytes;
    report.ledger_bytes = FileBytes(ledger_file);
    if (absl::Status right = CheckCounts(phase, result->run, *before, *after); !right.ok()) {
      return right;
    }
    if (absl::Status right = CheckMock(phase, &report.checked_customers); !right.ok()) {
      return right;
    }
    std::fprintf(stderr, "%.0f/s\n", options_.customers / report.confirmed_seconds);
    return report;
  }

 private:
  struct Snapshot {
    MockStats stats;
    ProcUsage service;
    ProcUsage mock;
  };

  absl::StatusOr<Snapshot> Look(pid_t service_pid) {
    const auto service = ReadProcUsage(service_pid);
    if (!service.ok()) return service.status();
    const auto mock = ReadProcUsage(mock_.pid());
    if (!mock.ok()) return mock.status();
    const auto stats = mock_reader_.Stats();
    if (!stats.ok()) return stats.status();
    return Snapshot{*stats, *service, *mock};
  }

  absl::Status CheckCounts(const Phase& phase, const v1::SyncRun& run, const Snapshot& before,
                           const Snapshot& after) const {
    const std::int64_t values = std::int64_t{options_.customers} * kAttributesPerCustomer;
    const std::int64_t arrived = after.stats.attribute_values - before.stats.attribute_values;
    const std::int64_t known = after.stats.unchanged_values - before.stats.unchanged_values;
    if (run.values().received() == values &&
        run.values().confirmed() == (phase.is_sent ? values : 0) &&
        run.values().unchanged() == (phase.is_sent ? 0 : values) &&
        arrived == (phase.is_sent ? values : 0) && known == 0 &&
        after.stats.max_in_flight_per_customer <= 1) {
      return absl::OkStatus();
    }
    return absl::InternalError(absl::StrCat(
        phase.name, ": the counts are wrong: ", run.values().ShortDebugString(), "; the mock took ",
        arrived, " values, ", known, " of them had not changed, and saw up to ",
        after.stats.max_in_flight_per_customer, " requests of a customer at a time"));
  }

  // Customers drawn at random; the same one may be drawn twice.
  absl::Status CheckMock(const Phase& phase, std::int64_t* checked) {
    std::mt19937_64 random(options_.seed + static_cast<std::uint64_t>(pass_));
    std::uniform_int_distribution<std::uint32_t> any(0, options_.customers - 1);
    for (; *checked < std::min(kCheckedCustomers, options_.customers); ++*checked) {
      const std::uint32_t number = any(random);
      absl::Status same = mock_reader_.CheckCustomer(population_.Id(number),
                                                     population_.Predict(number, phase.generation));
      if (!same.ok()) return same;
    }
    return absl::OkStatus();
  }

  const DriveOptions& options_;
  const ServiceOptions& service_options_;
  ChildProcess& mock_;
  MockReader mock_reader_;
  const Population population_;
  const absl::Time first_updated_at_;
  int pass_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<PhaseReport>> Drive(const DriveOptions& options) {
  const RunFolder folder(options.work_folder, options.keep);
  if (folder.path().empty()) {
    return absl::UnavailableError(absl::StrCat("cannot make a folder in ", options.work_folder));
  }
  auto mock =
      ChildProcess::Start({absl::StrCat(options.binary_folder, "/mockbraze"), "--listen",
                           "127.0.0.1:0", "--latency", options.latency, "--rate-limit", "off"},
                          absl::StrCat(folder.path(), "/mockbraze.log"));
  if (!mock.ok()) return mock.status();
  const std::string prefix = "listening on ";
  const auto line = (*mock)->AwaitLine(prefix, kStartPatience);
  if (!line.ok()) return line.status();
  const std::string url = line->substr(line->find(prefix) + prefix.size());

  const ServiceOptions service{absl::StrCat(options.binary_folder, "/peaksyncd"), folder.path(),
                               url, options.rate_limit};
  Driver driver(options, service, **mock, url);
  std::vector<PhaseReport> reports;
  for (const Phase& phase : kPhases) {
    auto report = driver.Run(phase);
    if (!report.ok()) {
      std::fprintf(stderr, "failed\n");
      return report.status();
    }
    reports.push_back(*std::move(report));
  }
  const auto stopped = (*mock)->Stop(kStopPatience);
  if (!stopped.ok()) return stopped.status();
  return reports;
}

}  // namespace peaksync::bench
