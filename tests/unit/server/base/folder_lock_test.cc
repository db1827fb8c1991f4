#include "server/base/folder_lock.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync {
namespace {

using ::peaksync::testing::FakeClock;
using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::peaksync::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Another process that holds the lock until it is told to let go.
class OtherProcess {
 public:
  OtherProcess(const std::string& folder, const FakeClock& clock) {
    std::array<int, 2> ready = {};
    std::array<int, 2> go = {};
    if (pipe(ready.data()) != 0 || pipe(go.data()) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(go[1]);
      auto lock = FolderLock::Acquire(folder, {clock, clock.Now(), nullptr});
      char byte = lock.ok() ? 'y' : 'n';
      if (write(ready[1], &byte, 1) != 1) _exit(1);
      (void)!read(go[0], &byte, 1);  // Until the other end is closed.
      _exit(0);                      // As in a crash: nothing of ours runs any more.
    }
    close(go[0]);
    close(ready[1]);
    go_ = go[1];
    char byte = 'n';
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    has_lock_ = byte == 'y';
  }
  ~OtherProcess() { End(); }

  void End() {
    if (pid_ <= 0) return;
    close(go_);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }
  bool has_lock() const { return has_lock_; }

 private:
  pid_t pid_ = -1;
  int go_ = -1;
  bool has_lock_ = false;
};

class FolderLockTest : public ::testing::Test {
 protected:
  absl::StatusOr<FolderLock> AcquireWithin(absl::Duration wait) {
    return FolderLock::Acquire(dir_.path(), {clock_, clock_.Now() + wait, [&](absl::Duration by) {
                                               ++pauses_;
                                               clock_.Advance(by);
                                               if (during_pause_) during_pause_();
                                               return go_on_;
                                             }});
  }

  TempDir dir_;
  FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  int pauses_ = 0;
  bool go_on_ = true;
  std::function<void()> during_pause_;
};

TEST_F(FolderLockTest, TakesAFreeFolderAtOnceAndWritesWhoHoldsIt) {
  const auto lock = AcquireWithin(absl::Seconds(30));
  ASSERT_THAT(lock, IsOk());
  EXPECT_EQ(pauses_, 0);
  const auto text = ReadSmallFile(dir_.File("ledger.lock"), 1'000);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, AllOf(HasSubstr(absl::StrCat("pid ", getpid(), "\n")), HasSubstr("host "),
                           HasSubstr("since 2026-09-21T14:13:20Z\n")));
  struct stat info = {};
  ASSERT_EQ(stat(dir_.File("ledger.lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(FolderLockTest, SaysWhichProcessHoldsItWhenTheDeadlinePasses) {
  const OtherProcess other(dir_.path(), clock_);
  ASSERT_TRUE(other.has_lock());
  const absl::Time start = clock_.Now();
  EXPECT_THAT(AcquireWithin(absl::Seconds(30)),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(absl::StrCat("ledger folder ", dir_.path(),
                                              " is in use by peaksyncd, pid ", other.pid(),
                                              ", since 2026-09-21T14:13:20Z"))));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(30));
}

TEST_F(FolderLockTest, GetsItWhenTheOtherProcessEndsMeanwhile) {
  OtherProcess other(dir_.path(), clock_);
  ASSERT_TRUE(other.has_lock());
  during_pause_ = [&] {
    if (pauses_ == 3) other.End();
  };
  EXPECT_THAT(AcquireWithin(absl::Seconds(30)), IsOk());
  EXPECT_EQ(pauses_, 3);
}

TEST_F(FolderLockTest, GivesUpAtOnceWhenAskedToStop) {
  const OtherProcess other(dir_.path(), clock_);
  go_on_ = false;
  EXPECT_THAT(AcquireWithin(absl::Seconds(30)),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("is in use by")));
  EXPECT_EQ(pauses_, 1);
}

TEST_F(FolderLockTest, IsFreeAgainAfterItsEnd) {
  { ASSERT_THAT(AcquireWithin(absl::ZeroDuration()), IsOk()); }
  EXPECT_THAT(AcquireWithin(absl::ZeroDuration()), IsOk());
}

TEST_F(FolderLockTest, ExcludesASecondHolderInTheSameProcess) {
  const auto first = AcquireWithin(absl::ZeroDuration());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(AcquireWithin(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("in use")));
}

TEST_F(FolderLockTest, MakesAMissingFolderForItselfAlone) {
  const std::string folder = dir_.File("ledgers");
  ASSERT_THAT(FolderLock::Acquire(folder, {clock_, clock_.Now(), nullptr}), IsOk());
  struct stat info = {};
  ASSERT_EQ(stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  EXPECT_THAT(FolderLock::Acquire(dir_.File("no/such"), {clock_, clock_.Now(), nullptr}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such")));
}

}  // namespace
}  // namespace peaksync
