#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace peaksync::bench {

struct LoadRequest {
  std::string bytes;     // as they go over the connection
  std::string expected;  // what the body of the answer, a 201, must hold
};

// Requests over keep-alive connections to a port of this machine, one at a time on each. Dies when
// an answer is not as expected, or none comes for half a minute.
// Thread safety: one thread.
class MockLoad {
 public:
  MockLoad(std::uint16_t port, std::size_t connections);
  ~MockLoad();
  MockLoad(const MockLoad&) = delete;
  MockLoad& operator=(const MockLoad&) = delete;

  // Sends each of them once. Seconds from the first to the last answer.
  double Drive(const std::vector<LoadRequest>& requests);

 private:
  struct Connection {
    int socket = -1;
    const LoadRequest* sent = nullptr;
    std::string answer;
  };
  static void Send(Connection* connection, const LoadRequest& request);
  // Whether the answer is complete.
  static bool Receive(Connection* connection);

  std::vector<Connection> connections_;
  int poll_ = -1;
};

// The body of a GET, which must be answered with 200, on a connection of its own.
std::string Get(std::uint16_t port, const std::string& target);

}  // namespace peaksync::bench
