#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/base/mutex.h"

namespace peaksync::testing {

// One accepted connection. Blocks; belongs to the thread that runs its handler.
class LoopbackConnection {
 public:
  explicit LoopbackConnection(int fd) : fd_(fd) {}
  LoopbackConnection(const LoopbackConnection&) = delete;
  LoopbackConnection& operator=(const LoopbackConnection&) = delete;

  struct Request {
    std::string head;  // Request line and headers.
    std::string body;
  };
  // The next complete request; absent when the peer has closed.
  std::optional<Request> ReadRequest();
  // Reads until the peer closes.
  void ReadToEnd();
  void Write(std::string_view bytes);
  // A complete answer with its Content-Length.
  void Answer(std::string_view status_line, std::string_view body, std::string_view headers = "");
  // Makes the close that follows a reset.
  void ResetOnClose();
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string unread_;
};

// A TCP server on a free loopback port that runs the handler for every connection, each on a thread
// of its own. A connection is closed when its handler returns; the destructor ends them all.
class LoopbackServer {
 public:
  using Handler = std::function<void(LoopbackConnection&)>;
  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  int port() const { return port_; }
  std::string Url(std::string_view scheme = "http") const;
  int connections() const;  // Accepted so far.

 private:
  void Accept();

  const Handler handler_;
  int port_ = 0;
  const int listener_;
  mutable Mutex mutex_;
  std::vector<int> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> handlers_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

// A loopback port where nobody listens.
int UnusedPort();

}  // namespace peaksync::testing
