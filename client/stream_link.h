#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/channel.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// One gRPC stream of StreamUpdates, from its start to its end. A thread of its own reads; what it
// has read waits in a bounded inbox.
//
// Lifetime: `channel` must outlive it. Thread safety: one thread uses it. The destructor cancels
// the call if it is still open.
class StreamLink {
 public:
  enum class Event : std::uint8_t { kMessage, kQuiet, kEnded };

  StreamLink(const Channel& channel, absl::Time deadline);
  ~StreamLink();
  StreamLink(const StreamLink&) = delete;
  StreamLink& operator=(const StreamLink&) = delete;

  // False: the stream is broken; Next() will say kEnded. May block for flow control.
  bool Write(const v1::StreamUpdatesRequest& request);
  // Nothing more will be written.
  void WritesDone();
  // The next message, waiting until `until`. kEnded only when all messages have been given.
  Event Next(absl::Time until, v1::StreamUpdatesResponse* response);
  // How the stream ended; after kEnded, once.
  absl::Status End();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::client
