// Plays histories, each in a process of its own, and sums up what they met.
//
//   simulate --seeds 1..500 [--jobs N] [--all]   with --all, fails when a row or fault never
//   occurred simulate --seed N --verbose                  replays one, step by step
//
// Exit status: 0 no rule was broken, 1 one was, 2 usage.
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "tests/simulation/history.h"

namespace peaksync::simulation {
namespace {

constexpr int kFailuresShown = 5;
constexpr std::size_t kBrokenBytesMax = 24'000;
constexpr unsigned kHistorySecondsMax = 60;

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 500;
  unsigned jobs = 1;
  bool verbose = false;
  bool all = false;
};

// What a child leaves to its parent.
struct Report {
  bool finished;
  Coverage coverage;
  std::int64_t updates;
  std::uint64_t digest;
  char broken[kBrokenBytesMax];
};

// Hash tables of Abseil are ordered by addresses. Without this a replay may take another way.
void FixAddresses(char** argv) {
  const int persona = personality(0xffffffff);
  if (persona == -1 || (persona & ADDR_NO_RANDOMIZE) != 0) return;
  if (personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE) == -1) return;
  execv("/proc/self/exe", argv);
}

bool ReadNumber(std::string_view text, std::uint64_t* number) {
  char* end = nullptr;
  const std::string copy(text);
  *number = std::strtoull(copy.c_str(), &end, 10);
  return !copy.empty() && *end == '\0';
}

bool ReadOptions(int argc, char** argv, Options* options) {
  options->jobs = std::max(1U, std::thread::hardware_concurrency());
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    std::uint64_t number = 0;
    if (name == "--verbose") {
      options->verbose = true;
    } else if (name == "--all") {
      options->all = true;
    } else if (name == "--seed" && ReadNumber(value, &number)) {
      options->first = options->last = number;
      ++i;
    } else if (name == "--jobs" && ReadNumber(value, &number) && number > 0) {
      options->jobs = static_cast<unsigned>(number);
      ++i;
    } else if (const std::size_t dots = value.find("..");
               name == "--seeds" && dots != std::string_view::npos &&
               ReadNumber(value.substr(0, dots), &options->first) &&
               ReadNumber(value.substr(dots + 2), &options->last)) {
      ++i;
    } else {
      return false;
    }
  }
  return options->first <= options->last;
}

class Simulation {
 public:
  explicit Simulation(const Options& options) : options_(options) {
    folder_ = std::filesystem::temp_directory_path() / "peaksync-simulation-XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    reports_ =
        static_cast<Report*>(mmap(nullptr, sizeof(Report) * options.jobs, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  ~Simulation() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  int Run() {
    for (std::uint64_t seed = options_.first; seed <= options_.last && failures_ < kFailuresShown;
         ++seed) {
      if (running_.size() == options_.jobs) Reap();
      Spawn(seed);
    }
    while (!running_.empty()) Reap();
    return Summarize();
  }

 private:
  struct Child {
    std::uint64_t seed;
    unsigned slot;
  };

  void Spawn(std::uint64_t seed) {
    unsigned slot = 0;
    while (std::ranges::any_of(running_,
                               [&](const auto& child) { return child.second.slot == slot; })) {
      ++slot;
    }
    Report& report = reports_[slot];
    report = {};
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid != 0) {
      running_[pid] = {seed, slot};
      return;
    }
    alarm(kHistorySecondsMax);
    char path[32];
    // Relative: the story, and with it the digest, must not depend on the folder's name.
    if (chdir(folder_.c_str()) != 0) _exit(1);
    std::snprintf(path, sizeof(path), "%020llu.db", static_cast<unsigned long long>(seed));
    const HistoryResult result = PlayHistory(seed, path, options_.verbose);
    report.coverage = result.coverage;
    report.updates = result.updates;
    report.digest = result.digest;
    // The end says which rule, so the beginning is left out when it is too long.
    const std::size_t skipped =
        result.broken.size() - std::min(result.broken.size(), kBrokenBytesMax - 1);
    std::memcpy(report.broken, result.broken.data() + skipped, result.broken.size() - skipped);
    report.finished = true;
    std::remove(path);
    std::fflush(stdout);
    _exit(0);
  }

  void Reap() {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    const auto child = running_.find(pid);
    if (child == running_.end()) return;
    const Report& report = reports_[child->second.slot];
    const std::uint64_t seed = child->second.seed;
    running_.erase(child);
    ++histories_;
    coverage_.Add(report.coverage);
    updates_ += report.updates;
    digest_ ^= report.digest * (2 * seed + 1);
    if (report.finished && report.broken[0] == '\0') return;
    ++failures_;
    if (report.finished) {
      std::printf("%s\n", report.broken);
    } else {
      std::printf("the process ended with signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    std::printf("seed %llu FAILED; replay it with: simulate --seed %llu --verbose\n\n",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
  }

  int Summarize() const {
    int missing = 0;
    for (std::size_t i = 0; i < Coverage::kSize; ++i) {
      const auto seen = static_cast<Seen>(i);
      std::printf("%12lld  %.*s%s\n", static_cast<long long>(coverage_[seen]),
                  static_cast<int>(NameOf(seen).size()), NameOf(seen).data(),
                  coverage_[seen] == 0 ? "   NEVER" : "");
      missing += coverage_[seen] == 0 ? 1 : 0;
    }
    std::printf("%d histories, %lld updates, %d failed, digest %016llx\n", histories_,
                static_cast<long long>(updates_), failures_,
                static_cast<unsigned long long>(digest_));
    if (options_.all && missing > 0) std::printf("%d of the above never occurred\n", missing);
    return failures_ > 0 || (options_.all && missing > 0) ? 1 : 0;
  }

  const Options options_;
  std::string folder_;
  Report* reports_ = nullptr;
  std::map<pid_t, Child> running_;
  Coverage coverage_;
  std::int64_t updates_ = 0;
  std::uint64_t digest_ = 0;
  int histories_ = 0;
  int failures_ = 0;
};

}  // namespace
}  // namespace peaksync::simulation

int main(int argc, char** argv) {
  using namespace peaksync::simulation;
  FixAddresses(argv);
  Options options;
  if (!ReadOptions(argc, argv, &options)) {
    std::fprintf(
        stderr,
        "usage: simulate [--seeds FIRST..LAST | --seed N] [--jobs N] [--all] [--verbose]\n");
    return 2;
  }
  return Simulation(options).Run();
}
