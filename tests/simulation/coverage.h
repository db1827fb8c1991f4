#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace peaksync::simulation {

// What a run of the simulation must have met: every row of docs/design.md section 4, as far as it
// is met by values that come alone in their batch, every row of section 5, and every fault.
enum class Seen : std::size_t {
  // Section 4.
  kInvalidOffList,
  kInvalidType,
  kInvalidTypeRemembered,
  kInvalidRange,
  kInvalidLimit,
  kInvalidTwice,
  kInvalidSource,
  kInvalidOperator,
  kInvalidFuture,
  kSkippedWithInvalid,
  kInvalidAttributeAlone,
  kStale,
  kBehindFlight,
  kUnknownSent,
  kFullSent,
  kResentAfter,
  kJoins,
  kUnchanged,
  kUnchangedNewerTime,
  kCancelOut,
  kMaybeSentDoesNotCancel,
  kInsignificant,
  kInsignificantJoins,
  kExactlyMinChangeSent,
  kNullSentOnce,
  kDifferentSent,
  kOlderGivesWay,
  kSuperseded,
  kUnchangedAfterAnswer,
  kNoProfile,
  kResentToProfile,
  // Section 5: answers.
  kAccepted201,
  kAccepted200,
  kQueued202,
  kNamedIn201,
  kUnclearUnnamed,
  kUnclearHtml,
  kUnclearEmpty,
  kUnclearTruncated,
  kNamedIn400,
  kBare400,
  kTooLong400,
  kTooLarge413,
  kDenied401,
  kDenied403,
  kDenied404,
  kRedirect301,
  kOther4xx,
  kLimited429Reset,
  kLimited429Remaining,
  kLimited429RetryAfter,
  kLimited429Bare,
  kTimeout408,
  kFailed500,
  kUnavailable503,
  kGateway504,
  kResetBefore,
  kResetAfter,
  kTimedOut,
  kTimedOutAppliedLater,
  kNotConnected,
  // Section 5: what follows.
  kRejectedNamed,
  kRejectedUnnamed,
  kConfirmed,
  kReturned,
  kUnsent,
  kPaused,
  kPausedNothingAccepted,
  kBackedOff,
  kWindowFull,
  kHourSpent,
  kKeyMissing,
  kKeyRotated,
  kTerminated,
  kTerminatedInFlight,
  kTerminatedQuietly,
  // Section 6.
  kCompleted,
  kCompletedWithRejections,
  kFailed,
  kAbandonedByNext,
  kAbandonedByTime,
  kCanceled,
  kDiscarded,
  kCursorMoved,
  kCursorNotJoined,
  kResumed,
  kBatchRepeated,
  kBatchGap,
  kStreamDisplaced,
  kRequestIdFound,
  kSourceBusy,
  kBackPressure,
  kRetried,
  kRejectionsDiscarded,
  kResyncAll,
  kResyncAttribute,
  kResyncCustomer,
  kReloaded,
  // What operators do, and the machine.
  kOfAnotherWorkspace,
  kRebound,
  kBackedUp,
  kRestored,
  kFullRequired,
  kClockAhead,
  kClockBehind,
  kClockRight,
  kDiskLow,
  kDiskHasRoomAgain,
  kCountedOnDisk,
  // The disk and the process.
  kDiskFull,
  kDiskWriteError,
  kDiskSyncError,
  kDiskReadError,
  kCommitFailed,
  kOpenFailed,
  kKilled,
  kPowerCut,
  kFolded,
  kLookedUpAhead,
  kTableCopied,
  kFailedWithTableCopy,
  kDiedInCommit,
  kDiedInFold,
  kDiedInCheckpoint,
  kDiedInOpen,
  kUnsyncedLost,
  kUntoldCommitSurvived,
  kUntoldCommitLost,
  kEnd,
};

std::string_view NameOf(Seen seen);

// How often each occurred.
class Coverage {
 public:
  static constexpr auto kSize = static_cast<std::size_t>(Seen::kEnd);

  void Count(Seen seen, std::int64_t times = 1) {
    counts_[static_cast<std::size_t>(seen)] += times;
  }
  std::int64_t operator[](Seen seen) const { return counts_[static_cast<std::size_t>(seen)]; }
  void Add(const Coverage& other) {
    for (std::size_t i = 0; i < kSize; ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<std::int64_t, kSize> counts_{};
};

}  // namespace peaksync::simulation
