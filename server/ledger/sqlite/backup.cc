// Copies of a ledger: see maintenance.h.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/sqlite/maintenance.h"
#include "server/ledger/sqlite/schema.h"
#include "server/ledger/sqlite/statement.h"

namespace peaksync {
namespace {

constexpr int kPagesAStep = 1'024;  // 4 MiB; a step holds no lock of the writer's.

absl::Status FileError(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = Concat(what, " ", path, ": ", std::strerror(error));
  if (error == EEXIST) return absl::AlreadyExistsError(message);
  if (error == ENOENT) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

struct Descriptor {
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

// A new, empty file of its owner's.
absl::Status CreateFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  return file.fd < 0 ? FileError("create", path) : absl::OkStatus();
}

absl::Status Sync(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 || fsync(file.fd) != 0) return FileError("sync", path);
  return absl::OkStatus();
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return Sync(folder.empty() ? "." : folder.string());
}

absl::Status CopyPages(const Database& from, Database& to) {
  const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> backup(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"), sqlite3_backup_finish);
  if (backup == nullptr) {
    return SqliteError(to.handle(), sqlite3_errcode(to.handle()), "begin the backup");
  }
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup.get(), kPagesAStep);
  if (code == SQLITE_DONE) return absl::OkStatus();
  return SqliteError(nullptr, code, Concat("write the backup ", to.path()));
}

absl::Status CheckCopy(const std::string& from, const std::string& tenant) {
  struct stat log = {};
  if (stat(Concat(from, "-wal").c_str(), &log) == 0 && log.st_size > 0) {
    return absl::FailedPreconditionError(
        Concat(from,
               " has a log (-wal) beside it: it is the file of a ledger in use, or a copy of "
               "one, and no backup; make one with peaksyncd ledger backup"));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(const Database backup, Database::OpenImmutable(from));
  PEAKSYNC_RETURN_IF_ERROR(CheckSchema(backup));
  PEAKSYNC_ASSIGN_OR_RETURN(Statement check, Statement::Prepare(backup, "PRAGMA quick_check(1)"));
  PEAKSYNC_RETURN_IF_ERROR(check.Step().status());
  if (check.Text(0) != "ok") {
    return absl::DataLossError(Concat(check.Text(0)));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(
      Statement owner, Statement::Prepare(backup, "SELECT value FROM meta WHERE name = 'tenant'"));
  PEAKSYNC_ASSIGN_OR_RETURN(const bool owned, owner.Step());
  if (owned && owner.Text(0) == tenant) return absl::OkStatus();
  return absl::FailedPreconditionError(Concat("backup ", from, " is that of tenant ",
                                              owned ? owner.Text(0) : "nobody", ", not of ",
                                              tenant));
}

}  // namespace

absl::StatusOr<std::int64_t> BackUpLedger(const std::string& path, const std::string& to) {
  PEAKSYNC_ASSIGN_OR_RETURN(const Database ledger, Database::OpenReadOnly(path));
  PEAKSYNC_RETURN_IF_ERROR(CheckSchema(ledger));
  // One moment: without it, every commit of the service would begin the copy anew.
  PEAKSYNC_RETURN_IF_ERROR(ledger.Execute("BEGIN"));
  PEAKSYNC_ASSIGN_OR_RETURN(Statement look,
                            Statement::Prepare(ledger, "SELECT count(*) FROM meta"));
  PEAKSYNC_RETURN_IF_ERROR(look.Step().status());
  look.Reset();

  // The name is taken at once; a copy that failed leaves nothing.
  PEAKSYNC_RETURN_IF_ERROR(CreateFile(to));
  absl::Cleanup remove = [&] { unlink(to.c_str()); };
  {
    PEAKSYNC_ASSIGN_OR_RETURN(Database copy, Database::Open(to));
    PEAKSYNC_RETURN_IF_ERROR(CopyPages(ledger, copy));
    // Complete in itself, without a log beside it.
    PEAKSYNC_RETURN_IF_ERROR(copy.Execute("PRAGMA journal_mode=DELETE"));
  }
  PEAKSYNC_RETURN_IF_ERROR(Sync(to));
  PEAKSYNC_RETURN_IF_ERROR(SyncFolderOf(to));
  std::move(remove).Cancel();
  struct stat info = {};
  if (stat(to.c_str(), &info) != 0) return FileError("look at", to);
  return std::int64_t{info.st_size};
}

absl::Status CheckBackup(const std::string& from, const std::string& tenant) {
  const absl::Status status = CheckCopy(from, tenant);
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(Concat("backup ", from, " is damaged: ", status.message()));
}

absl::Status CopyBackup(const std::string& from, const std::string& to) {
  const Descriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.fd < 0) return FileError("open", from);
  const Descriptor out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.fd < 0) return FileError("create", to);
  absl::Cleanup remove = [&] { unlink(to.c_str()); };
  std::array<char, 64 << 10> buffer;
  while (true) {
    const ssize_t got = read(in.fd, buffer.data(), buffer.size());
    if (got < 0) return FileError("read", from);
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t written =
          write(out.fd, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (written < 0) return FileError("write", to);
      done += written;
    }
  }
  if (fsync(out.fd) != 0) return FileError("sync", to);
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::Status ReplaceLedger(const std::string& prepared, const std::string& path) {
  const std::string old = Concat(path, ".replaced");
  // An old log must never meet the new file, so it goes first. -shm is rebuilt by whoever opens.
  for (const char* part : {"-wal", ""}) {
    const std::string from = Concat(path, part);
    const std::string to = Concat(old, part);
    unlink(to.c_str());
    const bool whole = *part == '\0';
    // The ledger itself stays in its place until the new one takes it.
    const int moved = whole ? link(from.c_str(), to.c_str()) : rename(from.c_str(), to.c_str());
    if (moved != 0 && errno != ENOENT) return FileError("keep", from);
  }
  unlink(Concat(path, "-shm").c_str());
  if (rename(prepared.c_str(), path.c_str()) != 0) return FileError("replace", path);
  return SyncFolderOf(path);
}

}  // namespace peaksync
