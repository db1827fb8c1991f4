#include "tests/unit/server/braze/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>

#include "server/base/check.h"

namespace peaksync::testing {
namespace {

// A socket bound to a free loopback port.
int Bind(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PEAKSYNC_CHECK(fd >= 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  PEAKSYNC_CHECK(bind(fd, generic, size) == 0);
  PEAKSYNC_CHECK(getsockname(fd, generic, &size) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

std::size_t ContentLength(const std::string& head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + kName.size(), nullptr, 10);
}

}  // namespace

std::optional<LoopbackConnection::Request> LoopbackConnection::ReadRequest() {
  while (true) {
    if (const std::size_t end = unread_.find("\r\n\r\n"); end != std::string::npos) {
      Request request{unread_.substr(0, end + 2), ""};
      const std::size_t length = ContentLength(request.head);
      if (unread_.size() >= end + 4 + length) {
        request.body = unread_.substr(end + 4, length);
        unread_.erase(0, end + 4 + length);
        return request;
      }
    }
    char buffer[16384];
    const ssize_t bytes = recv(fd_, buffer, sizeof(buffer), 0);
    if (bytes <= 0) return std::nullopt;
    unread_.append(buffer, static_cast<std::size_t>(bytes));
  }
}

void LoopbackConnection::ReadToEnd() {
  char buffer[16384];
  while (recv(fd_, buffer, sizeof(buffer), 0) > 0) {
  }
}

void LoopbackConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // The peer has what it wanted.
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void LoopbackConnection::Answer(std::string_view status_line, std::string_view body,
                                std::string_view headers) {
  std::string answer = "HTTP/1.1 ";
  answer.append(status_line).append("\r\n").append(headers);
  answer.append("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
  Write(answer);
}

void LoopbackConnection::ResetOnClose() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

LoopbackServer::LoopbackServer(Handler handler)
    : handler_(std::move(handler)), listener_(Bind(&port_)) {
  PEAKSYNC_CHECK(listen(listener_, 1024) == 0);
  acceptor_ = std::thread([this] { Accept(); });
}

LoopbackServer::~LoopbackServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> handlers;
  {
    MutexLock lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    handlers.swap(handlers_);
  }
  for (std::thread& handler : handlers) handler.join();
}

std::string LoopbackServer::Url(std::string_view scheme) const {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + "/users/track";
}

int LoopbackServer::connections() const {
  MutexLock lock(mutex_);
  return static_cast<int>(handlers_.size());
}

void LoopbackServer::Accept() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    MutexLock lock(mutex_);
    open_.push_back(fd);
    handlers_.emplace_back([this, fd] {
      LoopbackConnection connection(fd);
      handler_(connection);
      MutexLock closing(mutex_);
      open_.erase(std::find(open_.begin(), open_.end(), fd));
      close(fd);
    });
  }
}

int UnusedPort() {
  int port = 0;
  close(Bind(&port));
  return port;
}

}  // namespace peaksync::testing
