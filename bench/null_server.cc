// bench_null_server: an HTTP server that reads a request to its end and answers 201 as Braze does,
// and does nothing else, on one thread. It prints where it listens, and ends with 0 on SIGTERM.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 48\r\n\r\n"
    "{\"attributes_processed\":75,\"message\":\"success\"}\n";
constexpr std::size_t kRequestBytesMax = std::size_t{8} << 20;

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "bench_null_server: cannot %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

void Watch(int poll, int file) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = file;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, file, &event) != 0) Die("wait for a descriptor");
}

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Die("listen");
  }
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

int StopSignal() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int file = signalfd(-1, &stop, SFD_CLOEXEC);
  if (file < 0) Die("wait for signals");
  return file;
}

// The bytes of the first request in it; 0: it is not complete yet.
std::size_t RequestBytes(const std::string& text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::size_t body = 0;
  for (const std::string_view name : {"content-length: ", "Content-Length: "}) {
    const std::size_t found = text.find(name);
    if (found < head) body = std::strtoul(text.c_str() + found + name.size(), nullptr, 10);
  }
  const std::size_t whole = head + 4 + body;
  return text.size() >= whole ? whole : 0;
}

// Reads what there is and answers what is complete. False: the connection is over.
bool Serve(int connection, std::string* text) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t bytes = recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (bytes < 0) return errno == EAGAIN || errno == EINTR;
  if (bytes == 0 || text->size() > kRequestBytesMax) return false;
  text->append(buffer.data(), static_cast<std::size_t>(bytes));
  while (const std::size_t whole = RequestBytes(*text)) {
    text->erase(0, whole);
    if (send(connection, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(kAnswer.size())) {
      return false;
    }
  }
  return true;
}

void Accept(int listener, int poll, std::map<int, std::string>* connections) {
  const int made = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (made < 0) return;
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Watch(poll, made);
  (*connections)[made];
}

}  // namespace

int main() {
  const int stop = StopSignal();
  const int listener = Listen();
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  Watch(poll, stop);
  Watch(poll, listener);
  std::map<int, std::string> connections;
  std::array<epoll_event, 64> ready{};
  while (true) {
    const int count = epoll_wait(poll, ready.data(), ready.size(), -1);
    if (count < 0 && errno != EINTR) Die("wait");
    for (int i = 0; i < count; ++i) {
      const int file = ready[static_cast<std::size_t>(i)].data.fd;
      if (file == stop) return 0;
      if (file == listener) {
        Accept(listener, poll, &connections);
      } else if (!Serve(file, &connections[file])) {
        close(file);
        connections.erase(file);
      }
    }
  }
}
