#pragma once

#include <vector>

#include "absl/time/time.h"

namespace peaksync {

// Waits for many sockets at a cost that does not grow with them: epoll(7), and an eventfd(2) by
// which other threads end the wait. Sockets are the caller's, and are removed before they are
// closed.
//
// Thread safety: one thread, but for Wake.
class SocketPoller {
 public:
  struct Ready {
    int socket = -1;
    bool readable = false;  // Also at the end of the stream.
    bool writable = false;
    bool failed = false;
  };

  SocketPoller();
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  void Add(int socket, bool read, bool write);
  void Change(int socket, bool read, bool write);
  void Remove(int socket);

  // Waits until a socket is ready, Wake is called or `timeout` is over, whole milliseconds, rounded
  // up; an hour at most. Answers some of the ready ones, which are so until something is done about
  // them. They live until the next call.
  const std::vector<Ready>& Wait(absl::Duration timeout);

  // Ends the running Wait, or else the next one. Safe on any thread.
  void Wake();

 private:
  int epoll_;
  int wake_;
  std::vector<Ready> ready_;
};

}  // namespace peaksync
