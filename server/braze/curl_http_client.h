#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/braze/http.h"

namespace peaksync {

struct CurlOptions {
  std::string ca_file;  // PEM; empty: the system's. Certificates are verified in any case.
  std::string user_agent = "peaksyncd";
  // Connections to one host at a time; further requests wait for one inside the client, and the
  // wait counts for their timeout. Also how many idle ones are kept, over all hosts.
  int connections_per_host_max = 512;
  absl::Duration connect_timeout = absl::Seconds(10);
  // A connection that was idle longer is not used again: the nearer the server is to closing it,
  // the likelier is a request whose outcome is lost.
  absl::Duration idle_connection_max = absl::Seconds(30);
};

// Sends POST requests over libcurl's multi_socket interface, and is the socket part of its owner's
// event loop: everything happens inside Poll, on the caller's thread; a turn costs what moves, not
// what is in flight. HTTP/1.1 with keep-alive; redirects
// are never followed. A request is never sent twice, not even where libcurl would repeat it on a
// connection that died: the lost one may still be running (docs/design.md section 4), and the
// caller has to know.
//
// Plain http:// never goes through a proxy; https:// heeds the usual variables (HTTPS_PROXY).
//
// Lifetime: the destructor aborts what is running; the `done` of such requests is not called. It
// must not run inside a `done`. The first instance initialises libcurl for the process and, where
// it has its default action, ignores SIGPIPE.
// Thread safety: one thread, but for Wake.
class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(CurlOptions options);
  ~CurlHttpClient() override;
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  // May be called from a `done`.
  void Send(HttpRequest request, Done done) override;

  // Moves the transfers on and calls `done` of the finished ones. Waits until something happens,
  // Wake is called or `timeout` is over; not at all if a request was finished right away.
  void Poll(absl::Duration timeout);

  // Ends the running Poll, or else the next one. Safe on any thread.
  void Wake();

  // Requests whose `done` has not been called yet.
  std::size_t in_flight() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync
