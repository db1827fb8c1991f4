#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mockbraze/base/result.h"
#include "mockbraze/workspace/options.h"

namespace mockbraze {

// A mock of Braze that runs: what the program starts, and what tests start in process.
//
//   mockbraze::Options options;
//   options.port = 0;
//   auto mock = mockbraze::MockServer::Start(options);
//   ... mock.value()->url() ...
//
// Lifetime: runs from Start until Stop or destruction; Stop drops what is under way.
// Thread safety: port() and url() from any thread; Stop from the owner's.
class MockServer {
 public:
  static Result<std::unique_ptr<MockServer>> Start(Options options);
  ~MockServer();

  std::uint16_t port() const;
  // http://HOST:PORT or https://HOST:PORT, without a slash at the end.
  std::string url() const;
  // The certificate that is shown, as PEM; empty without TLS. Clients can trust a self-made one.
  const std::string& certificate() const;
  void Stop();

 private:
  struct Impl;
  explicit MockServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mockbraze
