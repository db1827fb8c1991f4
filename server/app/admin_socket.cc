#include "server/app/admin_socket.h"

#include <httplib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <charconv>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr std::size_t kThreads = 2;
constexpr time_t kTimeoutSeconds = 5;           // Of a request's bytes.
constexpr time_t kCommandSeconds = 24 * 3'600;  // Of the longest command.
constexpr const char* kPath = "/command";
constexpr const char* kStatusHeader = "Exit-Status";
constexpr const char* kHost = "localhost";

}  // namespace

class AdminSocket::Impl {
 public:
  Impl(std::string path, Handler handler) : path_(std::move(path)), handler_(std::move(handler)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_address_family(AF_UNIX);
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    server_.set_keep_alive_max_count(1);
    // Before it is bound, so that the file never has wider permissions.
    server_.set_socket_options([](int socket) { fchmod(socket, S_IRUSR | S_IWUSR); });
    server_.Post(kPath, [this](const httplib::Request& request, httplib::Response& response) {
      const CommandReport report =
          handler_({request.get_param_value("name"), request.get_param_value("tenant"),
                    request.get_param_value("file")});
      response.set_header(kStatusHeader, std::to_string(report.exit_status));
      response.set_content(report.text, "text/plain; charset=utf-8");
    });
  }
  ~Impl() { Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status Listen() {
    if (path_.size() > limits::kSocketPathBytesMax) {
      return absl::InvalidArgumentError(Concat("the admin socket's path has more than ",
                                               limits::kSocketPathBytesMax,
                                               " bytes; give [admin] socket a shorter one"));
    }
    if (httplib::Client client(path_); client.set_address_family(AF_UNIX), client.Get("/")) {
      return absl::UnavailableError(Concat("another service listens on ", path_));
    }
    struct stat info = {};
    if (lstat(path_.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path_.c_str());
    if (!server_.bind_to_port(path_, 1)) {
      return absl::UnavailableError(
          Concat("cannot make the admin socket ", path_, "; is its folder there, and ours?"));
    }
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    while (!server_.is_running() && !ended_) absl::SleepFor(absl::Milliseconds(1));
    return absl::OkStatus();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
    unlink(path_.c_str());
  }

 private:
  const std::string path_;
  Handler handler_;
  httplib::Server server_;
  std::thread thread_;
  std::atomic<bool> ended_ = false;
};

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Start(const std::string& path,
                                                                Handler handler) {
  auto impl = std::make_unique<Impl>(path, std::move(handler));
  PEAKSYNC_RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<AdminSocket>(new AdminSocket(std::move(impl)));
}

absl::StatusOr<CommandReport> AdminSocket::Call(const std::string& path,
                                                const LedgerCommand& command) {
  httplib::Client client(path);
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(kCommandSeconds);
  const httplib::Params params = {
      {"name", command.name}, {"tenant", command.tenant}, {"file", command.file}};
  const httplib::Result answer = client.Post(kPath, {{"Host", kHost}}, params);
  if (!answer) {
    if (answer.error() == httplib::Error::Connection) {
      return absl::NotFoundError(Concat("no service answers at ", path));
    }
    return absl::UnavailableError(
        Concat("the service at ", path, " did not answer: ", httplib::to_string(answer.error())));
  }
  const std::string status = answer->get_header_value(kStatusHeader);
  CommandReport report{1, answer->body};
  std::from_chars(status.data(), status.data() + status.size(), report.exit_status);
  return report;
}

AdminSocket::AdminSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminSocket::~AdminSocket() = default;
void AdminSocket::Stop() { impl_->Stop(); }

}  // namespace peaksync
