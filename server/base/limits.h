#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every bound of the service, in one place, so that their relations can be checked by the compiler.
namespace peaksync::limits {

// What a tenant may send (docs/design.md section 6).
inline constexpr int kMessageBytesMax = 8 << 20;  // gRPC refuses larger ones.
inline constexpr int kBatchBytesMax = 4 << 20;    // Ours, so that the error is ours.
inline constexpr int kBatchUpdatesMax = 5'000;
inline constexpr int kUpdateAttributesMax = 250;
inline constexpr int kValueDepthMax = 32;
inline constexpr std::size_t kObjectBytesMax = 1'000'000;  // One update, as JSON.
static_assert(kBatchBytesMax < kMessageBytesMax);

// Braze's (docs/braze-contract.md 1.7, 2.6).
inline constexpr std::size_t kIdentifierBytesMax = 987;
inline constexpr std::size_t kAliasBytesMax = 236;
inline constexpr std::size_t kStringCharactersMax = 255;
inline constexpr std::size_t kNameCharactersMax = 255;
inline constexpr std::size_t kNestedBytesMax = 100'000;

// Names.
inline constexpr std::size_t kSourceNameBytesMax = 63;
inline constexpr std::size_t kRequestIdBytesMax = 128;
inline constexpr std::size_t kClientNameBytesMax = 128;
inline constexpr int kAttributeNamesMax = 1'000;  // Of a tenant.

// Time.
inline constexpr absl::Duration kUpdatedAtAheadMax = absl::Minutes(10);
inline constexpr absl::Duration kRunWithoutStreamMax = absl::Hours(24);

// Streams.
inline constexpr int kStreamsMax = 256;  // Of the service.
inline constexpr int kStreamsPerTenantMax = 64;
// A stream reads on while so few of its batches are uncommitted, or more of them that are small.
inline constexpr int kStreamBatchesUncommittedMin = 4;
inline constexpr int kStreamBatchesUncommittedMax = 4'000;
inline constexpr std::int64_t kStreamUpdatesUncommittedMax = 10'000;
inline constexpr std::int64_t kStreamBytesUncommittedMax = 8 << 20;
inline constexpr int kInvalidReportedPerBatchMax = 1'000;
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 1'000;

// Administration.
inline constexpr std::size_t kSocketPathBytesMax = 107;  // sockaddr_un's.

// Ledger.
inline constexpr int kGroupCommitUpdatesMax = 20'000;
inline constexpr int kFirstGroupUpdatesMax = 1'000;  // Doubled when one is full.
inline constexpr int kTenantsMax = 256;
inline constexpr std::size_t kReasonBytesMax = 1'000;  // Of a rejection.
inline constexpr int kRetriedPerCallMax = 10'000;      // Rejections.
// Customers whose values were written and are not yet in the table, what all that is not takes in
// memory, and the journal that holds it, all of which a start reads: one reached, it is folded.
// Then as many come again while they are; a disk that does not let them makes the streams wait.
inline constexpr std::int64_t kUnfoldedCustomersMax = 1'750'000;
inline constexpr std::int64_t kUnfoldedBytesMax = 256 << 20;
inline constexpr std::int64_t kUnfoldedJournalBytesMax = 256 << 20;
inline constexpr int kUnfoldedFactorMax = 3;
// Pages of the write-ahead log from which on it is brought into the file between groups, and those
// from which on a group waits for all of it: 16 and 64 MB.
inline constexpr int kLogPagesSoft = 4'000;
inline constexpr int kLogPagesHard = 16'384;
// Of a table that takes no more, what is looked up often is a copy in memory.
inline constexpr std::int64_t kTableCopyBytesMax = 160 << 20;
// Of a group's customers, whose rows are read together before its batches are taken in.
inline constexpr std::size_t kReadAheadBytesMax = 8 << 20;
inline constexpr std::int64_t kFoldSliceCustomers = 1'000;  // And as many as came since the last.
// When nobody waits, fewer customers than so many for each page of the file are folded only if
// pages are few, or nothing was written for so long.
inline constexpr std::int64_t kFoldedPerPageMin = 4;
inline constexpr std::int64_t kFoldPagesMin = 10'000;  // 40 MB
inline constexpr absl::Duration kUnfoldedRestMax = absl::Minutes(10);
inline constexpr absl::Duration kFoldRetryWait = absl::Seconds(10);
static_assert(kGroupCommitUpdatesMax >= kBatchUpdatesMax, "a batch must fit a commit");

// Delivery.
inline constexpr std::size_t kBrazeAnswerBytesMax = 1 << 20;
inline constexpr std::size_t kTrackBodyBytesMax = 4'000'000;  // Contract 1.7.
inline constexpr std::size_t kTrackBulkBodyBytesMax = 2'000'000;
inline constexpr int kTrackObjectsMax = 1'000;
// Of a tenant: Braze's rate x its round trip of 400 ms, and some for our own time.
inline constexpr int kRequestsInFlightMax = 512;
// Leased before pace allows to send them, so that a lease's round trip does not slow delivery down.
inline constexpr int kLeaseAheadBatchesMax = 200;
inline constexpr std::int64_t kLeaseAheadBytesMax = 32'000'000;
inline constexpr std::int64_t kSentAheadRows = 20'000;
inline constexpr absl::Duration kLostOutcomeWait = absl::Seconds(10);
inline constexpr absl::Duration kShutdownWait = absl::Seconds(10);
static_assert(kObjectBytesMax < kTrackBulkBodyBytesMax, "one object must fit a request");

}  // namespace peaksync::limits
