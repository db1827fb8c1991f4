#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"

namespace peaksync {

// Keeps a ledger folder to one process: flock on `<folder>/ledger.lock`, whose text says who holds
// it. The kernel lets go of it when the process ends, however it ends, so no stale lock exists.
// Thread safety: none needed; one owner.
class FolderLock {
 public:
  struct Wait {
    const Clock& clock;
    absl::Time deadline;  // Tried at least once, then until here.
    // Passes the time between two attempts; false gives up at once (a SIGTERM while waiting).
    std::function<bool(absl::Duration)> pause;
  };

  // Makes the folder (0700) if only its last part is missing. UNAVAILABLE names the holder:
  // "ledger folder /var/lib/peaksync is in use by peaksyncd, pid 123, since …". CANCELLED when
  // `pause` gave up.
  static absl::StatusOr<FolderLock> Acquire(const std::string& folder, const Wait& wait);

  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  void Release();

  int fd_ = -1;
};

}  // namespace peaksync
