#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every bound of the client, in one place.
namespace peaksync::client::limits {

// Files.
inline constexpr std::size_t kReadChunkBytes = 256 << 10;
inline constexpr std::size_t kRowBytesMax = 8 << 20;    // A CSV record, or a line of JSON.
inline constexpr std::size_t kColumnsMax = 10'000;      // Of a CSV file; most may be excluded.
inline constexpr std::int64_t kHeadRowsMax = 10'000;    // Looked at before anything is sent.
inline constexpr std::size_t kHeadBytesMax = 32 << 20;  // The same, in bytes.

// Databases.
inline constexpr int kFetchRows = 1'000;  // At a time; Redshift of one node gives no more.
inline constexpr absl::Duration kDatabaseConnectTimeout = absl::Seconds(15);

// What the service takes (docs/design.md section 6). An update's size is the service's to judge.
inline constexpr int kBatchUpdatesDefault = 1'000;
inline constexpr int kBatchUpdatesMax = 5'000;
inline constexpr std::size_t kBatchBytesMax = 3'500'000;  // The service's limit is 4 MiB.
inline constexpr int kUpdateAttributesMax = 250;
inline constexpr int kValueDepthMax = 32;
inline constexpr std::size_t kSourceNameBytesMax = 63;
inline constexpr int kPageSize = 200;
inline constexpr int kRejectionsPageSize = 512;
inline constexpr int kMessageReceiveBytesMax = 8 << 20;

// The stream. A batch stays in memory until it is acknowledged.
inline constexpr std::size_t kUnackedBatchesMax = 16;
inline constexpr std::size_t kBatchesRememberedMax = 2 * kUnackedBatchesMax;  // Their line numbers.
inline constexpr std::size_t kInboxMessagesMax = 64;
inline constexpr int kOddBreaksMax = 5;  // In a row, of kinds that waiting seldom mends.
inline constexpr absl::Duration kBackoffMin = absl::Milliseconds(200);
inline constexpr absl::Duration kBackoffMax = absl::Seconds(5);
inline constexpr absl::Duration kConnectTimeout = absl::Seconds(30);
inline constexpr absl::Duration kUnaryDeadline = absl::Seconds(10);
inline constexpr absl::Duration kChangeDeadline = absl::Minutes(2);  // Of calls that change much.
inline constexpr absl::Duration kGoodbyeWait = absl::Seconds(1);     // For the stream's own end.
inline constexpr int kKeepaliveTimeMs = 30'000;                      // The service allows 15 s.
inline constexpr int kKeepaliveTimeoutMs = 10'000;
inline constexpr int kReconnectMinMs = 100;  // gRPC's own, below our backoff.
inline constexpr int kReconnectMaxMs = 1'000;

// Waiting.
inline constexpr absl::Duration kTimeout = absl::Hours(1);
inline constexpr absl::Duration kPauseTimeout = absl::Seconds(30);
inline constexpr absl::Duration kWatchSilenceMax = absl::Seconds(30);  // Then it is asked anew.
inline constexpr absl::Duration kBarInterval = absl::Milliseconds(100);
inline constexpr absl::Duration kPlainInterval = absl::Seconds(5);

// The agent.
inline constexpr int kAgentRunsMax = 4;  // At a time.
inline constexpr absl::Duration kAgentRetryMin = absl::Minutes(1);
inline constexpr absl::Duration kAgentRetryMax = absl::Hours(1);
inline constexpr absl::Duration kAgentLook = absl::Minutes(1);      // At the clock, which may jump.
inline constexpr absl::Duration kAgentStopMax = absl::Seconds(10);  // For runs to end.

// What is told.
inline constexpr int kInvalidShownMax = 20;                  // On stderr.
inline constexpr int kInvalidListedMax = 100;                // In the JSON report.
inline constexpr int kBrazeRefusalsShownMax = 20;            // In the table of a push.
inline constexpr std::size_t kBrazeRefusalsListedMax = 100;  // In its JSON.
inline constexpr std::size_t kShownCharactersMax = 40;       // Of a value or a customer in a table.
inline constexpr std::size_t kReasonCharactersMax = 100;
inline constexpr int kPushHintsMax = 5;
inline constexpr std::size_t kTokenBytesMax = 4'096;
inline constexpr std::size_t kSecretBytesMax = 65'536;  // Of a database: a connection string.

}  // namespace peaksync::client::limits
