#include "tests/simulation/virtual_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace peaksync::simulation {
namespace {

constexpr std::size_t kSectorBytes = 512;

}  // namespace

// SQLite's view of the disk: https://www.sqlite.org/c3ref/io_methods.html.
struct VirtualDisk::Layer {
  struct Handle {
    sqlite3_file base;
    VirtualDisk* disk;
    std::shared_ptr<File>* file;  // SQLite gives raw memory and takes it back.
  };

  static VirtualDisk& DiskOf(sqlite3_vfs* vfs) { return *static_cast<VirtualDisk*>(vfs->pAppData); }
  static Handle& HandleOf(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static VirtualDisk& DiskOf(sqlite3_file* file) { return *HandleOf(file).disk; }
  static File& FileOf(sqlite3_file* file) { return **HandleOf(file).file; }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    Handle& handle = HandleOf(file);
    handle.base.pMethods = nullptr;
    VirtualDisk& disk = DiskOf(vfs);
    if (disk.dead_) return SQLITE_CANTOPEN;
    const bool exists = name != nullptr && disk.files_.contains(name);
    // The main file is made by the ledger itself, outside of SQLite.
    if (!exists && (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) == 0) {
      return SQLITE_CANTOPEN;
    }
    auto opened = std::make_shared<File>();
    if (name != nullptr) {
      auto& entry = disk.files_[name];
      if (entry == nullptr) entry = opened;
      opened = entry;
    }
    handle.disk = &disk;
    handle.file = new std::shared_ptr<File>(std::move(opened));
    ++FileOf(file).connections;
    handle.base.pMethods = &kMethods;
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
  }

  static int Close(sqlite3_file* file) {
    --FileOf(file).connections;
    delete HandleOf(file).file;
    return SQLITE_OK;
  }

  static int Read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
    VirtualDisk& disk = DiskOf(file);
    if (disk.dead_ || disk.Fails(Fault::kReadError)) return SQLITE_IOERR_READ;
    const std::string& content = FileOf(file).content;
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t from = std::min(static_cast<std::size_t>(offset), content.size());
    const std::size_t there = std::min(wanted, content.size() - from);
    std::memcpy(bytes, content.data() + from, there);
    if (there == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(bytes) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    VirtualDisk& disk = DiskOf(file);
    if (!disk.Operate() || disk.Fails(Fault::kWriteError)) return SQLITE_IOERR_WRITE;
    if (disk.Fails(Fault::kFull)) return SQLITE_FULL;
    VirtualDisk::Write write{false,
                             static_cast<std::size_t>(offset),
                             {static_cast<const char*>(bytes), static_cast<std::size_t>(count)}};
    VirtualDisk::Apply(write, &FileOf(file).content);
    FileOf(file).unsynced.push_back(std::move(write));
    return SQLITE_OK;
  }

  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    VirtualDisk& disk = DiskOf(file);
    if (!disk.Operate() || disk.Fails(Fault::kWriteError)) return SQLITE_IOERR_TRUNCATE;
    VirtualDisk::Write write{true, static_cast<std::size_t>(size), {}};
    VirtualDisk::Apply(write, &FileOf(file).content);
    FileOf(file).unsynced.push_back(std::move(write));
    return SQLITE_OK;
  }

  // What a failed sync has brought to the disk is anybody's guess: it stays unsynced here.
  static int Sync(sqlite3_file* file, int) {
    VirtualDisk& disk = DiskOf(file);
    if (!disk.Operate() || disk.Fails(Fault::kSyncError)) return SQLITE_IOERR_FSYNC;
    for (const VirtualDisk::Write& write : std::exchange(FileOf(file).unsynced, {})) {
      VirtualDisk::Apply(write, &FileOf(file).durable);
    }
    return SQLITE_OK;
  }

  static int Size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(FileOf(file).content.size());
    return SQLITE_OK;
  }

  // One connection writes; a reader beside it comes and goes between two transactions, and only
  // must not take itself for the last one, which would end the log.
  static int Lock(sqlite3_file* file, int lock) {
    return lock == SQLITE_LOCK_EXCLUSIVE && FileOf(file).connections > 1 ? SQLITE_BUSY : SQLITE_OK;
  }
  static int Unlock(sqlite3_file*, int) { return SQLITE_OK; }
  static int Reserved(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
  }
  // Nothing is mapped, whoever asks.
  static int Control(sqlite3_file*, int operation, void* argument) {
    if (operation != SQLITE_FCNTL_MMAP_SIZE) return SQLITE_NOTFOUND;
    *static_cast<sqlite3_int64*>(argument) = 0;
    return SQLITE_OK;
  }
  static int SectorSize(sqlite3_file*) { return kSectorBytes; }
  static int Characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int SharedMap(sqlite3_file* file, int region, int bytes, int extend, void volatile** map) {
    *map = nullptr;
    if (DiskOf(file).dead_) return SQLITE_IOERR_SHMMAP;
    auto& memory = FileOf(file).shared_memory;
    if (memory.size() <= static_cast<std::size_t>(region)) {
      if (extend == 0) return SQLITE_OK;
      memory.resize(static_cast<std::size_t>(region) + 1);
    }
    auto& mapped = memory[static_cast<std::size_t>(region)];
    if (mapped == nullptr) {
      mapped = std::make_unique<char[]>(static_cast<std::size_t>(bytes));  // Zeroed.
    }
    *map = mapped.get();
    return SQLITE_OK;
  }
  static int SharedLock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
  static void SharedBarrier(sqlite3_file*) {}
  static int SharedUnmap(sqlite3_file* file, int) {
    if (FileOf(file).connections == 1) FileOf(file).shared_memory.clear();
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* vfs, const char* name, int) {
    VirtualDisk& disk = DiskOf(vfs);
    if (!disk.Operate()) return SQLITE_IOERR_DELETE;
    return disk.files_.erase(name) == 1 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
  }
  static int Access(sqlite3_vfs* vfs, const char* name, int, int* result) {
    *result = DiskOf(vfs).files_.contains(name) ? 1 : 0;
    return SQLITE_OK;
  }
  static int FullPath(sqlite3_vfs*, const char* name, int count, char* out) {
    sqlite3_snprintf(count, out, "%s", name);
    return SQLITE_OK;
  }
  static int Randomness(sqlite3_vfs* vfs, int count, char* out) {
    for (int i = 0; i < count; ++i) out[i] = static_cast<char>(DiskOf(vfs).random_.Below(256));
    return count;
  }
  static int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int CurrentTime(sqlite3_vfs*, double* julian_day) {
    *julian_day = 2'461'000.5;
    return SQLITE_OK;
  }
  static int LastError(sqlite3_vfs*, int, char*) { return 0; }

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  Close,
                                                  Read,
                                                  Write,
                                                  Truncate,
                                                  Sync,
                                                  Size,
                                                  Lock,
                                                  Unlock,
                                                  Reserved,
                                                  Control,
                                                  SectorSize,
                                                  Characteristics,
                                                  SharedMap,
                                                  SharedLock,
                                                  SharedBarrier,
                                                  SharedUnmap,
                                                  nullptr,
                                                  nullptr};
};

VirtualDisk::VirtualDisk(std::uint64_t seed)
    : random_(seed), vfs_(std::make_unique<sqlite3_vfs>()) {
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(Layer::Handle);
  vfs_->mxPathname = 512;
  vfs_->zName = "peaksync-virtual-disk";
  vfs_->pAppData = this;
  vfs_->xOpen = Layer::Open;
  vfs_->xDelete = Layer::Delete;
  vfs_->xAccess = Layer::Access;
  vfs_->xFullPathname = Layer::FullPath;
  vfs_->xRandomness = Layer::Randomness;
  vfs_->xSleep = Layer::Sleep;
  vfs_->xCurrentTime = Layer::CurrentTime;
  vfs_->xGetLastError = Layer::LastError;
  sqlite3_vfs_register(vfs_.get(), /*makeDflt=*/1);
}

VirtualDisk::~VirtualDisk() { sqlite3_vfs_unregister(vfs_.get()); }

bool VirtualDisk::Fails(Fault fault) {
  if (fault_ != fault) return false;
  ++faults_;
  return true;
}

bool VirtualDisk::Operate() {
  if (dead_) return false;
  ++operations_;
  if (operations_left_ > 0 && --operations_left_ == 0) dead_ = true;
  return !dead_;
}

void VirtualDisk::Apply(const Write& write, std::string* content) {
  if (write.truncates) {
    content->resize(write.offset);
    return;
  }
  if (content->size() < write.offset + write.bytes.size()) {
    content->resize(write.offset + write.bytes.size());
  }
  content->replace(write.offset, write.bytes.size(), write.bytes);
}

// In any order a disk may write them: what is left of the earlier ones does not depend on what is
// left of the later ones.
void VirtualDisk::LoseSome(File& file) {
  for (Write& write : file.unsynced) {
    if (random_.Chance(40)) {
      bytes_lost_ += static_cast<std::int64_t>(write.bytes.size());
      continue;
    }
    if (!write.truncates && write.bytes.size() > kSectorBytes && random_.Chance(30)) {
      const std::size_t sectors = write.bytes.size() / kSectorBytes;
      const std::size_t kept = random_.Below(sectors) * kSectorBytes;
      bytes_lost_ += static_cast<std::int64_t>(write.bytes.size() - kept);
      write.bytes.resize(kept);
    }
    Apply(write, &file.durable);
  }
}

VirtualDisk::Image VirtualDisk::Copy() const {
  Image image;
  for (const auto& [name, file] : files_) image[name] = file->content;
  return image;
}

void VirtualDisk::Restore(const Image& image) {
  files_.clear();
  for (const auto& [name, content] : image) {
    auto file = std::make_shared<File>();
    file->content = file->durable = content;
    files_[name] = std::move(file);
  }
}

void VirtualDisk::Reboot(Loss loss) {
  for (auto& [name, file] : files_) {
    file->shared_memory.clear();
    if (loss == Loss::kNothing) continue;  // The system still has it, and may lose it later.
    if (loss == Loss::kSomeUnsynced) {
      LoseSome(*file);
    } else {
      for (const Write& write : file->unsynced) {
        bytes_lost_ += static_cast<std::int64_t>(write.bytes.size());
      }
    }
    file->unsynced.clear();
    file->content = file->durable;
  }
  dead_ = false;
  operations_left_ = 0;
  fault_ = Fault::kNone;
}

}  // namespace peaksync::simulation
