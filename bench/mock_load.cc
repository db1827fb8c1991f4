#include "bench/mock_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bench/mock_child.h"

namespace peaksync::bench {
namespace {

constexpr int kPatienceSeconds = 30;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLength = "content-length: ";

int Connect(std::uint16_t port) {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (made < 0 ||
      connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Die(std::string("cannot connect to the mock: ") + strerror(errno));
  }
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return made;
}

void SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) Die(std::string("cannot send to the mock: ") + strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// False when the mock has closed the connection.
bool ReceiveSome(int socket, std::string* text) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t bytes = recv(socket, buffer.data(), buffer.size(), 0);
  if (bytes < 0) Die(std::string("cannot read the mock's answer: ") + strerror(errno));
  text->append(buffer.data(), static_cast<std::size_t>(bytes));
  return bytes > 0;
}

}  // namespace

MockLoad::MockLoad(std::uint16_t port, std::size_t connections) : connections_(connections) {
  poll_ = epoll_create1(EPOLL_CLOEXEC);
  for (Connection& connection : connections_) {
    connection.socket = Connect(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event) != 0) {
      Die(std::string("cannot wait for connections: ") + strerror(errno));
    }
  }
}

MockLoad::~MockLoad() {
  for (const Connection& connection : connections_) close(connection.socket);
  close(poll_);
}

void MockLoad::Send(Connection* connection, const LoadRequest& request) {
  connection->sent = &request;
  connection->answer.clear();
  SendAll(connection->socket, request.bytes);
}

bool MockLoad::Receive(Connection* connection) {
  std::string& answer = connection->answer;
  if (!ReceiveSome(connection->socket, &answer)) Die("the mock closed a connection");
  const std::size_t head = answer.find(kHeadEnd);
  if (head == std::string::npos) return false;
  const std::size_t length = answer.find(kLength);
  if (length > head) Die("an answer without content-length: " + answer);
  const std::size_t body = head + kHeadEnd.size();
  if (answer.size() - body < std::strtoul(answer.c_str() + length + kLength.size(), nullptr, 10)) {
    return false;
  }
  if (!connection->sent || !answer.starts_with("HTTP/1.1 201 ") ||
      answer.find(connection->sent->expected, body) == std::string::npos) {
    Die("not the answer that was expected: " + answer);
  }
  connection->sent = nullptr;
  return true;
}

double MockLoad::Drive(const std::vector<LoadRequest>& requests) {
  const auto start = std::chrono::steady_clock::now();
  auto next = requests.begin();
  for (Connection& connection : connections_) {
    if (next != requests.end()) Send(&connection, *next++);
  }
  std::array<epoll_event, 64> ready{};
  for (std::size_t answered = 0; answered < requests.size();) {
    const int count = epoll_wait(poll_, ready.data(), ready.size(), kPatienceSeconds * 1'000);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) Die("the mock has not answered for half a minute");
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(ready[static_cast<std::size_t>(i)].data.ptr);
      if (!Receive(connection)) continue;
      ++answered;
      if (next != requests.end()) Send(connection, *next++);
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string Get(std::uint16_t port, const std::string& target) {
  const int connected = Connect(port);
  SendAll(connected, "GET " + target + " HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
  std::string answer;
  while (ReceiveSome(connected, &answer)) {
  }
  close(connected);
  const std::size_t head = answer.find(kHeadEnd);
  if (!answer.starts_with("HTTP/1.1 200 ") || head == std::string::npos) {
    Die("GET " + target + " was answered with: " + answer);
  }
  return answer.substr(head + kHeadEnd.size());
}

}  // namespace peaksync::bench
