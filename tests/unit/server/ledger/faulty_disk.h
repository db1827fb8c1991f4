#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace peaksync::testing {

// Makes the reads and writes of all SQLite files of this process fail on demand, by replacing the
// system calls of SQLite's own layer; everything above it is as in production.
// Lifetime: one at a time. Thread safety: safe for concurrent use.
class FaultyDisk {
 public:
  FaultyDisk() { Install(true); }
  ~FaultyDisk() {
    Heal();
    Install(false);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // `error`: ENOSPC, EIO …
  void FailWrites(int error) { write_error_ = error; }
  // The next `count` reads.
  void FailReads(int count) { reads_to_fail_ = count; }
  void Heal() {
    write_error_ = 0;
    reads_to_fail_ = 0;
  }

 private:
  static bool FailsWrite() {
    errno = write_error_;
    return write_error_ != 0;
  }
  static bool FailsRead() {
    if (reads_to_fail_ <= 0) return false;
    --reads_to_fail_;
    errno = ESTALE;  // SQLite takes EIO for damage.
    return true;
  }
  static ssize_t Write(int file, const void* bytes, size_t size) {
    return FailsWrite() ? -1 : write(file, bytes, size);
  }
  static ssize_t Pwrite(int file, const void* bytes, size_t size, off_t offset) {
    return FailsWrite() ? -1 : pwrite(file, bytes, size, offset);
  }
  static ssize_t Read(int file, void* bytes, size_t size) {
    return FailsRead() ? -1 : read(file, bytes, size);
  }
  static ssize_t Pread(int file, void* bytes, size_t size, off_t offset) {
    return FailsRead() ? -1 : pread(file, bytes, size, offset);
  }
  static void Install(bool ours) {
    struct Call {
      const char* name;
      sqlite3_syscall_ptr function;
    };
    const std::array<Call, 6> calls = {{
        {"read", reinterpret_cast<sqlite3_syscall_ptr>(&Read)},
        {"pread", reinterpret_cast<sqlite3_syscall_ptr>(&Pread)},
        {"pread64", reinterpret_cast<sqlite3_syscall_ptr>(&Pread)},
        {"write", reinterpret_cast<sqlite3_syscall_ptr>(&Write)},
        {"pwrite", reinterpret_cast<sqlite3_syscall_ptr>(&Pwrite)},
        {"pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(&Pwrite)},
    }};
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    for (const Call& call : calls) {
      if (vfs->xGetSystemCall(vfs, call.name) == nullptr) continue;  // Not used by this build.
      vfs->xSetSystemCall(vfs, call.name, ours ? call.function : nullptr);
    }
  }

  static inline std::atomic<int> write_error_ = 0;
  static inline std::atomic<int> reads_to_fail_ = 0;
};

}  // namespace peaksync::testing
