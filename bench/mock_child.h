#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peaksync::bench {

// Says on stderr why there are no figures, and ends the benchmark with 1.
[[noreturn]] void Die(const std::string& why);

// Keeps this process (a child's, before it runs) on one core.
bool PinTo(int cpu);

// mockbraze as a process beside the benchmark, on a free port. It dies with the benchmark.
//
// Thread safety: one thread, which must outlive it: the kernel ends the child with that thread.
class MockChild {
 public:
  // Starts the program with these flags besides --listen; on one core when `cpu` names it. Dies
  // when the mock does not say within ten seconds that it listens.
  MockChild(const std::string& binary, const std::vector<std::string>& flags,
            std::optional<int> cpu);
  ~MockChild();
  MockChild(const MockChild&) = delete;
  MockChild& operator=(const MockChild&) = delete;

  std::uint16_t port() const { return port_; }
  // Of all its threads, since its start.
  double CpuSeconds() const;
  std::int64_t ResidentBytes() const;
  std::int64_t Threads() const;

 private:
  std::int64_t StatusNumber(const std::string& label) const;

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// What `binary --help` prints.
std::string HelpOf(const std::string& binary);

}  // namespace peaksync::bench
