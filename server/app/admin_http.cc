#include "server/app/admin_http.h"

#include <httplib.h>

#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "server/app/address.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::size_t kThreads = 4;
constexpr time_t kTimeoutSeconds = 5;  // Of reading a request, and of writing an answer.
constexpr std::size_t kRequestBytesMax = 8'192;
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

class AdminHttp::Impl {
 public:
  explicit Impl(Handlers handlers) : handlers_(std::move(handlers)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    server_.set_payload_max_length(kRequestBytesMax);
    // A kept connection would hold one of the few threads.
    server_.set_keep_alive_max_count(1);
    // The library's own choice is SO_REUSEPORT, with which a second service on the same port would
    // start without a word and get half of the scrapes.
    server_.set_socket_options([](int socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    AddRoutes();
  }
  ~Impl() { Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status Listen(const std::string& listen) {
    PEAKSYNC_ASSIGN_OR_RETURN(const HostPort address, ParseHostPort(listen));
    if (address.port == 0) {
      port_ = server_.bind_to_any_port(address.host);
    } else if (server_.bind_to_port(address.host, address.port)) {
      port_ = address.port;
    }
    if (port_ <= 0) {
      return absl::UnavailableError(
          Concat("cannot listen on ", listen, " for the admin port; is it in use?"));
    }
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    // stop() does nothing before the loop runs, so nobody may call it earlier.
    while (!server_.is_running() && !ended_) absl::SleepFor(absl::Milliseconds(1));
    return absl::OkStatus();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  int port() const { return port_; }

 private:
  void AddRoutes() {
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(handlers_.metrics(), kMetricsText);
    });
    server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("ok\n", kText);
    });
    server_.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      const bool ready = handlers_.ready();
      response.status = ready ? 200 : 503;
      response.set_content(ready ? "ok\n" : "not accepting streams\n", kText);
    });
    server_.set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;
      response.set_content(response.status == 404
                               ? "not found; this port serves /metrics, /healthz and /readyz\n"
                               : Concat("error ", response.status, "\n"),
                           kText);
    });
    // Without this the library shows the exception's text to the caller.
    server_.set_exception_handler([](const httplib::Request& request, httplib::Response& response,
                                     const std::exception_ptr&) {
      log::Error("A request to the admin port failed.", {{"path", request.path}});
      response.status = 500;
      response.set_content("error 500\n", kText);
    });
  }

  Handlers handlers_;
  httplib::Server server_;
  std::thread thread_;
  std::atomic<bool> ended_ = false;
  int port_ = -1;
};

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::Start(const std::string& listen,
                                                            Handlers handlers) {
  auto impl = std::make_unique<Impl>(std::move(handlers));
  PEAKSYNC_RETURN_IF_ERROR(impl->Listen(listen));
  return std::unique_ptr<AdminHttp>(new AdminHttp(std::move(impl)));
}

AdminHttp::AdminHttp(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminHttp::~AdminHttp() = default;
int AdminHttp::port() const { return impl_->port(); }
void AdminHttp::Stop() { impl_->Stop(); }

}  // namespace peaksync
