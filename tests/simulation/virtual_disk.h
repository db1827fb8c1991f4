#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/random.h"

struct sqlite3_vfs;

namespace peaksync::simulation {

// A disk in memory under SQLite: the default VFS while it lives. It keeps apart what was synced and
// what was only written, so that a power cut can take the latter away: all of it, or any part, a
// write torn at a sector's edge included. It can be full, and fail to read, write or sync.
//
// What is made durable is a file's content. A file that was made, renamed or deleted stays so: the
// ledger syncs its folder when it makes the file, and SQLite's own files follow that one.
//
// Lifetime: one at a time, longer than all databases on it. Thread safety: none.
class VirtualDisk {
 public:
  explicit VirtualDisk(std::uint64_t seed);
  ~VirtualDisk();
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  enum class Fault : std::uint8_t { kNone, kFull, kWriteError, kSyncError, kReadError };
  // Every such operation fails until the next call.
  void SetFault(Fault fault) { fault_ = fault; }
  Fault fault() const { return fault_; }

  // The process dies at the `operations`-th write, sync, truncation or deletion from now: from then
  // on every operation fails, and none changes anything. Close the databases, then Reboot.
  void DieAfter(int operations) { operations_left_ = operations; }
  void Die() { dead_ = true; }
  bool dead() const { return dead_; }

  enum class Loss : std::uint8_t { kNothing, kSomeUnsynced, kAllUnsynced };
  // The next process: after a kill nothing is lost, after a power cut what was not synced.
  void Reboot(Loss loss);

  // What a reader sees of every file, between two transactions: a backup of the moment.
  using Image = std::map<std::string, std::string>;
  Image Copy() const;
  // These files, durably, and no others. No database may be open.
  void Restore(const Image& image);

  // How many operations failed by a fault; deaths do not count.
  std::int64_t faults() const { return faults_; }
  std::int64_t operations() const { return operations_; }
  std::int64_t bytes_lost() const { return bytes_lost_; }

 private:
  struct Layer;  // The functions that SQLite calls.
  struct Write {
    bool truncates = false;  // To `offset`; else `bytes` are put there.
    std::size_t offset = 0;
    std::string bytes;
  };
  struct File {
    std::string content;  // As a reader sees it.
    std::string durable;
    std::vector<Write> unsynced;
    std::vector<std::unique_ptr<char[]>> shared_memory;  // Of the WAL's index; dies with a process.
    int connections = 0;
  };

  bool Fails(Fault fault);
  // False: the process is dead, or dies now.
  bool Operate();
  static void Apply(const Write& write, std::string* content);
  void LoseSome(File& file);

  Random random_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  Fault fault_ = Fault::kNone;
  int operations_left_ = 0;  // 0: does not die.
  bool dead_ = false;
  std::int64_t faults_ = 0;
  std::int64_t operations_ = 0;
  std::int64_t bytes_lost_ = 0;
};

}  // namespace peaksync::simulation
