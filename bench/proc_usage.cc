#include "bench/proc_usage.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace peaksync::bench {
namespace {

std::string ProcFile(pid_t pid, const char* name) { return absl::StrCat("/proc/", pid, "/", name); }

std::string ReadProcFile(pid_t pid, const char* name) {
  std::ifstream file(ProcFile(pid, name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number behind `label`; -1 when there is none.
std::int64_t NumberAfter(const std::string& text, const std::string& label) {
  const std::size_t found = text.find(label);
  if (found == std::string::npos) return -1;
  std::istringstream rest(text.substr(found + label.size()));
  std::int64_t number = -1;
  rest >> number;
  return rest ? number : -1;
}

// Exact, unlike getrusage's, which counts the same in ticks as long as a thread runs.
double SecondsOf(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

absl::StatusOr<ProcUsage> ReadProcUsage(pid_t pid) {
  const std::string stat = ReadProcFile(pid, "stat");
  // The name, in parentheses, may hold blanks; utime and stime are fields 14 and 15, it is field 2.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) {
    return absl::UnavailableError(absl::StrCat("cannot read ", ProcFile(pid, "stat")));
  }
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));

  ProcUsage usage;
  usage.user_seconds = user_ticks / ticks_per_second;
  usage.system_seconds = system_ticks / ticks_per_second;
  usage.peak_bytes = ReadPeakBytes(pid);
  usage.written_bytes = ReadWrittenBytes(pid);
  if (!fields || usage.peak_bytes < 0 || usage.written_bytes < 0) {
    return absl::UnavailableError(absl::StrCat("/proc/", pid, " does not have the usual form"));
  }
  return usage;
}

std::int64_t ReadPeakBytes(pid_t pid) {
  const std::int64_t kibibytes = NumberAfter(ReadProcFile(pid, "status"), "VmHWM:");
  return kibibytes < 0 ? -1 : kibibytes * 1'024;
}

std::int64_t ReadWrittenBytes(pid_t pid) {
  return NumberAfter(ReadProcFile(pid, "io"), "\nwrite_bytes:");
}

double OwnCpuSeconds() { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID); }
double ThreadCpuSeconds() { return SecondsOf(CLOCK_THREAD_CPUTIME_ID); }

absl::Status ResetPeakMemory(pid_t pid) {
  std::ofstream file(ProcFile(pid, "clear_refs"));
  file << "5" << std::flush;
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", ProcFile(pid, "clear_refs")));
}

}  // namespace peaksync::bench
