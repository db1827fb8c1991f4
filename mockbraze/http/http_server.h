#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"

namespace mockbraze {

// Runs a function later, without holding a thread.
// Thread safety: After() may be called from any thread; the function runs on any of the
// scheduler's.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void After(std::chrono::milliseconds delay, std::function<void()> run) = 0;
};

// Answers requests. Handle() must not block; `done` is called at most once, from any thread, at
// once or later. A request whose `done` is dropped is never answered.
// Thread safety: Handle() is called from several threads at a time.
class HttpHandler {
 public:
  using Done = std::function<void(Response)>;

  virtual ~HttpHandler() = default;
  virtual void Handle(Request request, Done done) = 0;
};

// An HTTP/1.1 server with keep-alive: few threads, any number of slow connections up to
// limits::connections_max. A body beyond limits::track_body_bytes_max is not read: the handler gets
// the request without it, marked too_large, and the connection is closed after the answer.
//
// Lifetime: Listen, then Serve once, then Stop (or destruction, which stops). The handler must
// outlive the server's Stop. After Stop nothing runs any more and what was scheduled is dropped.
// Thread safety: port() and After() from any thread; the others from the owner's.
class HttpServer final : public Scheduler {
 public:
  // Binds and listens; port 0 takes a free one. Nothing is accepted before Serve.
  static Result<std::unique_ptr<HttpServer>> Listen(const std::string& host, std::uint16_t port);
  ~HttpServer() override;

  std::uint16_t port() const;
  void Serve(HttpHandler& handler, int threads);
  void Stop();
  void After(std::chrono::milliseconds delay, std::function<void()> run) override;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mockbraze
