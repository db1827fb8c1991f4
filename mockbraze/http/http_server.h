#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/result.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/http/tls.h"

namespace mockbraze {

// Runs a function later, without holding a thread.
// Thread safety: After() may be called from any thread; the function runs on any of the
// scheduler's.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void After(std::chrono::milliseconds delay, std::function<void()> run) = 0;
};

// What becomes of a connection before anything is read from it.
enum class ConnectionFault {
  kNone,
  kTlsFailure,  // the handshake fails with the alert handshake_failure; without TLS: a reset
};

// Answers requests. Handle() must not block; `done` is called at most once, from any thread, at
// once or later. A request whose `done` is dropped is never answered.
// Thread safety: all are called from several threads at a time.
class HttpHandler {
 public:
  using Done = std::function<void(Response)>;

  virtual ~HttpHandler() = default;
  virtual void Handle(Request request, Done done) = 0;

  // Called once for each connection, when it is accepted.
  virtual ConnectionFault OnConnect() { return ConnectionFault::kNone; }
  // How many bytes of body are read, once the rest of the request is known.
  virtual std::size_t BodyLimit(const Request& /*head*/) const {
    return limits::track_body_bytes_max;
  }
};

struct HttpServerOptions {
  std::optional<TlsCertificate> tls;  // none: plain HTTP
  // Shorter and smaller in tests.
  std::chrono::milliseconds handshake_timeout = limits::handshake_timeout;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;
  std::chrono::milliseconds write_timeout = limits::write_timeout;
  std::size_t connections_max = limits::connections_max;
};

// An HTTP/1.1 server with keep-alive: few threads, any number of slow connections up to
// connections_max; further ones are closed at once. A body beyond the handler's BodyLimit is not
// read: the handler gets the request without it, marked too_large, and the connection is closed
// after the answer. A head, and then a body, has to be there whole within idle_timeout.
//
// Lifetime: Listen, then Serve once, then Stop (or destruction, which stops). The handler must
// outlive the server's Stop. After Stop all connections are closed, nothing runs any more and what
// was scheduled is dropped.
// Thread safety: port(), connections() and After() from any thread; the others from the owner's.
class HttpServer final : public Scheduler {
 public:
  // Binds and listens; port 0 takes a free one. Nothing is accepted before Serve.
  static Result<std::unique_ptr<HttpServer>> Listen(const std::string& host, std::uint16_t port,
                                                    HttpServerOptions options = {});
  ~HttpServer() override;

  std::uint16_t port() const;
  // Those that are open now.
  std::size_t connections() const;
  void Serve(HttpHandler& handler, int threads);
  void Stop();
  void After(std::chrono::milliseconds delay, std::function<void()> run) override;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mockbraze
