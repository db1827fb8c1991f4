#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace peaksync {

// The admin port: GET /metrics, /healthz and /readyz, for scrapers and orchestrators. It has no
// TLS and no credential and shows no data of a tenant but counts.
// Lifetime: what the handlers refer to must outlive it, or at least Stop. Thread safety: the
// handlers are called on its own threads, several at a time.
class AdminHttp {
 public:
  struct Handlers {
    std::function<std::string()> metrics;  // Prometheus' text format.
    std::function<bool()> ready;           // Accepting streams. A paused tenant does not matter.
  };

  // Listens on "HOST:PORT"; port 0 picks a free one.
  static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(const std::string& listen,
                                                          Handlers handlers);
  ~AdminHttp();
  AdminHttp(const AdminHttp&) = delete;
  AdminHttp& operator=(const AdminHttp&) = delete;

  int port() const;
  // Ends what is being served, and returns when no handler runs any more. Harmless when repeated.
  void Stop();

 private:
  class Impl;
  explicit AdminHttp(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync
